import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type ServiceName, serviceImageAs } from "../../support/image/service-image";
import { makeCertificate } from "../../support/registry/certificates";
import { type InstalledModules, installModules } from "./installed-modules";
import { type Generation, newest, v11 } from "./published";

interface Use {
  readonly module: string;
  /** Of `consumer`. Default: `use-<module>.cjs`. */
  readonly script?: string;
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
  { module: "redis", service: "redis", image: ["redis", "8.8"], report: { greeting: "hello", ping: "PONG" } },
  {
    module: "redis",
    script: "use-redis-data.cjs",
    service: "redis",
    image: ["redis", "8.8"],
    report: { imported: "yes" },
    generations: withImport,
  },
  { module: "valkey", service: "valkey", image: ["valkey/valkey", "9.1"], report: { greeting: "hello", ping: "PONG" } },
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
    service: "mariadb",
    image: ["mysql", "9.7.1"],
    report: { rows: [{ name: "tea" }], output: "count\n1\n" },
  },
  {
    module: "rabbitmq",
    service: "rabbitmq",
    image: ["rabbitmq", "4.3.4-management-alpine"],
    report: { message: "tea" },
  },
  {
    module: "nats",
    service: "nats",
    image: ["nats", "2.14.3-alpine"],
    report: { messages: ["tea"], refusal: "AUTHORIZATION_VIOLATION" },
  },
  { module: "etcd", service: "etcd", image: ["quay.io/coreos/etcd", "v3.7.1"], report: { greeting: "hello" } },
  {
    module: "mosquitto",
    service: "mosquitto",
    image: ["eclipse-mosquitto", "2.0.22"],
    report: { open: "tea", guarded: "tea", refusal: "Connection refused: Not authorized" },
  },
  {
    module: "azurite",
    service: "azurite",
    image: ["mcr.microsoft.com/azure-storage/azurite", "3.36.0"],
    report: { content: "green" },
  },
];

describe.each([newest, v11])("the published modules of $name, unmodified,", (generation) => {
  let installed: InstalledModules;
  beforeAll(async () => {
    installed = await installModules(generation);
  });
  afterAll(() => installed?.[Symbol.asyncDispose]());

  const usable = uses.filter(
    ({ module, generations = [generation] }) => module in generation.modules && generations.includes(generation),
  );
  const named = usable.map((use) => ({ script: `use-${use.module}.cjs`, ...use }));
  test.each(named)("$script: the service starts, and the real client uses it", async ({ script, ...use }) => {
    const image = await serviceImageAs(use.service, ...use.image);

    expect(await installed.report(script, { IMAGE: image, ...(await userFiles()) })).toEqual(use.report);
  });
});

/** Paths that scripts may hand to a module; gone when the test is over. */
async function userFiles(): Promise<Readonly<Record<string, string>>> {
  const folder = await mkdtemp(join(tmpdir(), "runcible-used-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [data, kept] = [join(folder, "data.redis"), join(folder, "kept")];
  await writeFile(data, "SET imported yes\n");
  await mkdir(kept);
  const { certificate, key } = await makeCertificate(folder, "localhost");
  return { DATA: data, FOLDER: kept, CERTIFICATE: certificate, KEY: key };
}
