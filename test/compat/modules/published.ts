/** Published modules whose services exist as packages of Debian or npm, by the version that is installed. */
export interface Generation {
  readonly name: string;
  /** By package, without `@testcontainers/`. */
  readonly modules: Readonly<Record<string, string>>;
}

/** All forty-two, as they were when this was written. */
export const newest: Generation = {
  name: "v12",
  modules: {
    ...of("12.1.0", ["arangodb", "azure-cosmosdb-emulator", "azureservicebus", "azurite", "cassandra", "chromadb"]),
    ...of("12.1.0", ["clickhouse", "cockroachdb", "couchbase", "couchdb", "elasticsearch", "etcd", "gcloud", "hivemq"]),
    ...of("12.1.0", ["k3s", "kurrentdb", "localstack", "mariadb", "minio", "mockserver", "mosquitto", "mssqlserver"]),
    ...of("12.1.0", ["mysql", "nats", "neo4j", "ollama", "opensearch", "oraclefree", "qdrant", "rabbitmq", "redis"]),
    ...of("12.1.0", ["redpanda", "s3mock", "scylladb", "selenium", "toxiproxy", "valkey", "vault", "weaviate"]),
    ...of("12.2.0", ["kafka", "mongodb", "postgresql"]),
  },
};

/** The last of each that was written for version 11. etcd and mosquitto came later. */
export const v11: Generation = {
  name: "v11",
  modules: {
    ...of("11.14.0", ["mariadb", "mysql", "postgresql", "rabbitmq", "redis"]),
    ...of("11.11.0", ["nats", "valkey"]),
    ...of("11.7.1", ["azurite"]),
  },
};

/** The clients that users of these modules use. */
export const clients: Readonly<Record<string, string>> = {
  "@azure/storage-blob": "12.26.0",
  amqplib: "2.3.1",
  etcd3: "1.1.2",
  ioredis: "5.11.1",
  mariadb: "3.5.4",
  mqtt: "5.16.0",
  mysql2: "3.24.6",
  nats: "2.29.3",
  pg: "8.23.1",
};

function of(version: string, names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [name, version]));
}
