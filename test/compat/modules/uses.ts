import type { ServiceName } from "../../support/image/service-image";
import { type Generation, newest } from "./published";

/**
 * A module, and a script that uses it with the real client of its service. Toxiproxy is not among them: Debian 12, 13
 * and sid and npm have clients of it, and no server.
 */
export interface Use {
  readonly module: string;
  /** Of `consumer`. */
  readonly script: string;
  readonly service: ServiceName;
  /** Name and tag that the module's users would give: modules judge images by their names. */
  readonly image: readonly [repo: string, tag: string];
  readonly report: unknown;
  /** Default: all that have the module. */
  readonly generations?: readonly Generation[];
}

/** The packages of version 11 lack the script with which they import data. */
const withImport = [newest];

const uses: readonly Use[] = [
  {
    module: "redis",
    script: "use-redis.cjs",
    service: "redis",
    image: ["redis", "8.8"],
    report: { greeting: "hello", ping: "PONG" },
  },
  {
    module: "redis",
    script: "use-redis-data.cjs",
    service: "redis",
    image: ["redis", "8.8"],
    report: { imported: "yes" },
    generations: withImport,
  },
  {
    module: "valkey",
    script: "use-valkey.cjs",
    service: "valkey",
    image: ["valkey/valkey", "9.1"],
    report: { greeting: "hello", ping: "PONG" },
  },
  {
    module: "valkey",
    script: "use-valkey-data.cjs",
    service: "valkey",
    image: ["valkey/valkey", "9.1"],
    report: { imported: "yes" },
    generations: withImport,
  },
  {
    module: "postgresql",
    script: "use-postgresql.cjs",
    service: "postgres",
    image: ["postgres", "18.4-alpine"],
    report: { names: [{ name: "tea", database: "shop" }], afterRestart: [{ name: "tea" }] },
  },
  {
    module: "postgresql",
    script: "use-postgresql-ssl.cjs",
    service: "postgres",
    image: ["postgres", "18.4-alpine"],
    report: [{ ssl: true }],
  },
  {
    module: "mariadb",
    script: "use-mariadb.cjs",
    service: "mariadb",
    image: ["mariadb", "12.3.2"],
    report: {
      names: [
        { name: "test@%", db: "test" },
        { name: "root@%", db: "test" },
      ],
      afterRestart: [{ state: "up" }],
    },
  },
  {
    module: "mysql",
    script: "use-mysql.cjs",
    service: "mariadb",
    image: ["mysql", "9.7.1"],
    report: { rows: [{ name: "tea" }], output: "count\n1\n" },
  },
  {
    module: "rabbitmq",
    script: "use-rabbitmq.cjs",
    service: "rabbitmq",
    image: ["rabbitmq", "4.3.4-management-alpine"],
    report: { message: "tea" },
  },
  {
    module: "nats",
    script: "use-nats.cjs",
    service: "nats",
    image: ["nats", "2.14.3-alpine"],
    report: { messages: ["tea"], refusal: "AUTHORIZATION_VIOLATION" },
  },
  {
    module: "etcd",
    script: "use-etcd.cjs",
    service: "etcd",
    image: ["quay.io/coreos/etcd", "v3.7.1"],
    report: { greeting: "hello" },
  },
  {
    module: "mosquitto",
    script: "use-mosquitto.cjs",
    service: "mosquitto",
    image: ["eclipse-mosquitto", "2.0.22"],
    report: { open: "tea", guarded: "tea", refusal: "Connection refused: Not authorized" },
  },
  {
    module: "azurite",
    script: "use-azurite.cjs",
    service: "azurite",
    image: ["mcr.microsoft.com/azure-storage/azurite", "3.36.0"],
    report: { content: "green" },
  },
];

/** Those that a generation has. */
export function usesOf(generation: Generation): readonly Use[] {
  return uses.filter(
    ({ module, generations = [generation] }) => module in generation.modules && generations.includes(generation),
  );
}
