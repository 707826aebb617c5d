import { expect } from "vitest";

/** What a module asks for; what is left out it must not ask for. From the contract of the modules, fact by fact. */
export interface ExpectedRequest {
  /** TCP, published on any free port. */
  readonly ports: readonly number[];
  /** As the process sees it: of variables that are given twice, the last. */
  readonly env?: Readonly<Record<string, unknown>>;
  readonly command?: readonly unknown[];
  readonly entrypoint?: readonly string[];
  readonly user?: string;
  /** Command, and nanoseconds. */
  readonly healthCheck?: { readonly test: unknown; readonly interval: number; readonly timeout: number };
  /** Of HostConfig, but for ports. */
  readonly host?: Readonly<Record<string, unknown>>;
  /** Copied in: path to octal mode. */
  readonly files?: Readonly<Record<string, string>>;
}

const often = { interval: 250_000_000, timeout: 1_000_000_000 };
const shell = (text: string): readonly unknown[] => ["CMD-SHELL", expect.stringContaining(text)];
const gcloud = (text: string): readonly string[] => ["/bin/sh", "-c", `gcloud beta emulators ${text}`];

const kafka = {
  KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: "BROKER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
  KAFKA_INTER_BROKER_LISTENER_NAME: "BROKER",
  KAFKA_BROKER_ID: "1",
  KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: "1",
  KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS: "1",
  KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: "1",
  KAFKA_LOG_FLUSH_INTERVAL_MESSAGES: "9223372036854775807",
  KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: "0",
  KAFKA_CONFLUENT_SUPPORT_METRICS_ENABLE: "false",
  KAFKA_ADVERTISED_LISTENERS: "BROKER://localhost:9092",
  KAFKA_LISTENERS: "PLAINTEXT://0.0.0.0:9093,BROKER://0.0.0.0:9092",
};
/** Waits for a script that is copied in when the ports on the host are known. */
const starter = (script: string): Pick<ExpectedRequest, "command" | "entrypoint"> => ({
  entrypoint: ["sh"],
  command: ["-c", `echo 'Waiting for script...'; while [ ! -f ${script} ]; do sleep 0.1; done; ${script}`],
});

/** By the names of consumer/cases.cjs. */
export const expectedRequests: Readonly<Record<string, ExpectedRequest>> = {
  arangodb: { ports: [8529], env: { ARANGO_ROOT_PASSWORD: "Secret-word-12" } },
  azureservicebus: {
    ports: [5672, 5300],
    env: {
      SQL_WAIT_INTERVAL: "0",
      ACCEPT_EULA: "Y",
      SQL_SERVER: expect.stringMatching(/^[0-9a-f]{12}$/),
      MSSQL_SA_PASSWORD: expect.any(String),
    },
    host: { NetworkMode: expect.stringMatching(/^[0-9a-f]{12}$/) },
    files: { "/ServiceBus_Emulator/ConfigFiles/Config.json": "644" },
  },
  azurite: {
    ports: [10100, 10001, 10002],
    env: { AZURITE_ACCOUNTS: expect.stringMatching(/^shop:/) },
    entrypoint: ["azurite"],
    command: [
      ...["--blobHost", "0.0.0.0", "--blobPort", "10100", "--queueHost", "0.0.0.0", "--queuePort", "10001"],
      ...["--tableHost", "0.0.0.0", "--tablePort", "10002"],
      ...["--cert", "/azurite-cert.pem", "--key", "/azurite-key.pem"],
    ],
    files: { "/azurite-cert.pem": "644", "/azurite-key.pem": "600" },
  },
  cassandra: {
    ports: [9042],
    env: {
      CASSANDRA_DC: "dc1",
      CASSANDRA_RACK: "rack1",
      CASSANDRA_LISTEN_ADDRESS: "auto",
      CASSANDRA_BROADCAST_ADDRESS: "auto",
      CASSANDRA_RPC_ADDRESS: "0.0.0.0",
      CASSANDRA_USERNAME: "cassandra",
      CASSANDRA_PASSWORD: "cassandra",
      CASSANDRA_SNITCH: "GossipingPropertyFileSnitch",
      CASSANDRA_ENDPOINT_SNITCH: "GossipingPropertyFileSnitch",
      CASSANDRA_NUM_TOKENS: "1",
      JVM_EXTRA_OPTS: expect.stringContaining("skip_wait_for_gossip_to_settle=0"),
    },
    healthCheck: { test: shell("cqlsh"), ...often },
  },
  chromadb: { ports: [8000] },
  clickhouse: {
    ports: [9000, 8123],
    env: { CLICKHOUSE_USER: "test", CLICKHOUSE_PASSWORD: "test", CLICKHOUSE_DB: "test" },
    host: { Ulimits: [{ Name: "nofile", Hard: 262_144, Soft: 262_144 }] },
  },
  cockroachdb: {
    ports: [26257, 26258],
    env: { COCKROACH_DATABASE: "test", COCKROACH_USER: "test" },
    command: ["start-single-node", "--insecure", "--http-addr=0.0.0.0:26258"],
    healthCheck: { test: shell("cockroach sql"), ...often },
  },
  couchbase: { ports: [8091, 18091, 11210, 11207, 8092, 18092, 8093, 18093, 8094, 18094] },
  couchdb: { ports: [5984], env: { COUCHDB_USER: "root", COUCHDB_PASSWORD: "root" } },
  elasticsearch: {
    ports: [9200],
    env: {
      "discovery.type": "single-node",
      "xpack.security.http.ssl.enabled": "false",
      ELASTIC_PASSWORD: "changeme",
    },
    files: { "/usr/share/elasticsearch/config/jvm.options.d/elasticsearch-default-memory-vm.options": "644" },
  },
  etcd: {
    ports: [2379, 2380],
    command: [
      ...["etcd", "--name", "etcd-test"],
      ...["--initial-advertise-peer-urls", "http://0.0.0.0:2380", "--advertise-client-urls", "http://0.0.0.0:2379"],
      ...["--listen-peer-urls", "http://0.0.0.0:2380", "--listen-client-urls", "http://0.0.0.0:2379"],
    ],
  },
  "gcloud firestore": { ports: [8080], command: gcloud("firestore start  --host-port=0.0.0.0:8080") },
  "gcloud datastore": {
    ports: [8080],
    command: gcloud("firestore start  --host-port=0.0.0.0:8080 --database-mode=datastore-mode"),
  },
  "gcloud pubsub": {
    ports: [8085],
    command: gcloud("pubsub start  --host-port=0.0.0.0:8085 --project=test-project"),
  },
  "gcloud storage": {
    ports: [4443],
    entrypoint: ["fake-gcs-server", "-host", "0.0.0.0", "-scheme", "http"],
  },
  "gcloud bigquery": { ports: [9050], command: ["--project", "test-project"] },
  "gcloud spanner": { ports: [9010] },
  hivemq: { ports: [1883], host: { Tmpfs: { "/opt/hivemq/log": "rw", "/opt/hivemq/data": "rw" } } },
  k3s: {
    ports: [6443, 8443],
    command: ["server", "--disable=traefik"],
    host: {
      Privileged: true,
      CgroupnsMode: "host",
      Binds: ["/sys/fs/cgroup:/sys/fs/cgroup:rw"],
      Tmpfs: { "/run": "rw", "/var/run": "rw" },
    },
  },
  kafka: {
    ports: [9093],
    env: {
      ...kafka,
      CLUSTER_ID: expect.any(String),
      KAFKA_NODE_ID: "1",
      KAFKA_PROCESS_ROLES: "broker,controller",
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: `${kafka.KAFKA_LISTENER_SECURITY_PROTOCOL_MAP},CONTROLLER:PLAINTEXT`,
      KAFKA_LISTENERS: `${kafka.KAFKA_LISTENERS},CONTROLLER://0.0.0.0:9094`,
      KAFKA_CONTROLLER_QUORUM_VOTERS: "1@localhost:9094",
      KAFKA_CONTROLLER_LISTENER_NAMES: "CONTROLLER",
    },
    ...starter("/tmp/testcontainers_start.sh"),
    files: { "/tmp/testcontainers_start.sh": "777" },
  },
  "kafka with ZooKeeper": {
    ports: [9093, 2181],
    env: { ...kafka, KAFKA_ZOOKEEPER_CONNECT: "localhost:2181" },
    ...starter("/tmp/testcontainers_start.sh"),
    files: { "/tmp/testcontainers_start.sh": "777" },
  },
  kurrentdb: {
    ports: [2113],
    env: {
      KURRENTDB_CLUSTER_SIZE: "1",
      KURRENTDB_RUN_PROJECTIONS: "All",
      KURRENTDB_START_STANDARD_PROJECTIONS: "true",
      KURRENTDB_INSECURE: "true",
    },
  },
  localstack: {
    ports: [4566],
    env: {
      LOCALSTACK_HOST: "localhost",
      LAMBDA_DOCKER_FLAGS: expect.stringMatching(/^-e A=b -l org\.testcontainers\.session-id=\w+$/),
    },
  },
  mariadb: {
    ports: [3306],
    env: { MARIADB_DATABASE: "test", MARIADB_ROOT_PASSWORD: "test", MARIADB_USER: "test", MARIADB_PASSWORD: "test" },
  },
  minio: {
    ports: [9000, 9001],
    env: { MINIO_ROOT_USER: "minioadmin", MINIO_ROOT_PASSWORD: "minioadmin" },
    command: ["server", "--console-address", ":9001", "/data"],
  },
  mockserver: { ports: [1080] },
  mongodb: {
    ports: [27017],
    env: { MONGO_INITDB_ROOT_USERNAME: "tea", MONGO_INITDB_ROOT_PASSWORD: "Secret-word-12" },
    command: ["--replSet", "rs0", "--keyFile", "/data/db/key.txt"],
    healthCheck: { test: shell("mongosh -u tea -p Secret-word-12"), interval: 5_000_000_000, timeout: 60_000_000_000 },
    files: { "/data/db/key.txt": "400" },
  },
  "mongodb atlas": { ports: [27017] },
  mosquitto: {
    ports: [1883],
    env: { MQTT_USER: "tea", MQTT_PASS: "Secret-word-12" },
    entrypoint: ["/bin/sh"],
    command: [
      "-c",
      expect.stringMatching(/^mosquitto_passwd .* exec mosquitto -c "\/mosquitto\/config\/mosquitto\.conf"$/),
    ],
    files: { "/mosquitto/config/mosquitto.conf": "644" },
  },
  mssqlserver: {
    ports: [1433],
    env: { ACCEPT_EULA: "Y", MSSQL_SA_PASSWORD: "Passw0rd", MSSQL_TCP_PORT: "1433" },
  },
  mysql: {
    ports: [3306],
    env: { MYSQL_DATABASE: "test", MYSQL_ROOT_PASSWORD: "test", MYSQL_USER: "test", MYSQL_PASSWORD: "test" },
  },
  nats: {
    ports: [4222, 6222, 8222],
    command: ["--user", "test", "--pass", "test", "--jetstream", "--name", "shop"],
  },
  neo4j: {
    ports: [7687, 7474],
    env: {
      NEO4J_AUTH: "neo4j/Secret-word-12",
      NEO4JLABS_PLUGINS: '["apoc"]',
      NEO4J_PLUGINS: '["apoc"]',
      NEO4J_dbms_security_procedures_unrestricted: "apoc.*",
      NEO4J_dbms_security_procedures_whitelist: "apoc.*",
    },
  },
  ollama: { ports: [11434] },
  opensearch: {
    ports: [9200, 9300, 9600],
    env: {
      "discovery.type": "single-node",
      "plugins.security.disabled": "true",
      OPENSEARCH_INITIAL_ADMIN_PASSWORD: expect.any(String),
    },
  },
  oraclefree: {
    ports: [1521],
    env: { ORACLE_PASSWORD: "test", APP_USER: "test", APP_USER_PASSWORD: "test", ORACLE_DATABASE: "SHOP" },
  },
  postgresql: {
    ports: [5432],
    env: { POSTGRES_DB: "test", POSTGRES_USER: "test", POSTGRES_PASSWORD: "test" },
    healthCheck: { test: shell("pg_isready --host localhost --username test --dbname test"), ...often },
  },
  qdrant: {
    ports: [6333, 6334],
    env: { QDRANT__SERVICE__API_KEY: "key" },
    host: { Binds: [expect.stringMatching(/^\/.*:\/qdrant\/config\/config\.yaml:rw$/)] },
  },
  rabbitmq: {
    ports: [5672, 5671, 15671, 15672],
    env: { RABBITMQ_DEFAULT_USER: "guest", RABBITMQ_DEFAULT_PASS: "guest" },
  },
  redis: {
    ports: [6379],
    command: ["redis-server", "--requirepass Secret-word-12", "--save 1 1 ", "--appendonly yes"],
    host: { Binds: [expect.stringMatching(/^\/.*:\/data:rw$/)] },
    // Decimal 666 and 777.
    files: { "/tmp/import.redis": "1232", "/tmp/import.sh": "1411" },
  },
  "redis stack": {
    ports: [6379],
    env: { REDIS_ARGS: "--maxmemory 64mb --requirepass Secret-word-12" },
    entrypoint: ["/entrypoint.sh"],
  },
  redpanda: {
    ports: [9092, 9644, 8081, 8082],
    user: "root:root",
    ...starter("/testcontainers_start.sh"),
    files: {
      "/etc/redpanda/.bootstrap.yaml": "644",
      "/testcontainers_start.sh": "777",
      "/etc/redpanda/redpanda.yaml": "644",
    },
  },
  s3mock: { ports: [9090, 3903], env: { COM_ADOBE_TESTING_S3MOCK_STORE_REGION: "auto" } },
  scylladb: {
    ports: [9042],
    env: { SCYLLA_LISTEN_ADDRESS: "0.0.0.0", SCYLLA_BROADCAST_ADDRESS: "0.0.0.0", SCYLLA_RPC_ADDRESS: "0.0.0.0" },
    command: ["--skip-wait-for-gossip-to-settle=0"],
  },
  selenium: { ports: [4444, 5900], host: { ShmSize: 2_147_483_648 } },
  toxiproxy: { ports: [8474, ...Array.from({ length: 32 }, (_, index) => 8666 + index)] },
  valkey: { ports: [6379], command: ["valkey-server", '--requirepass "Secret-word-12"'] },
  vault: {
    ports: [8200],
    env: { VAULT_ADDR: "http://0.0.0.0:8200", VAULT_DEV_ROOT_TOKEN_ID: "token", VAULT_TOKEN: "token" },
    host: { CapAdd: ["IPC_LOCK"] },
  },
  weaviate: {
    ports: [8080, 50051],
    env: { AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED: "true", PERSISTENCE_DATA_PATH: "/var/lib/weaviate" },
    command: ["--host", "0.0.0.0", "--scheme", "http", "--port", "8080"],
  },
};
