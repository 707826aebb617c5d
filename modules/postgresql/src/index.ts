export { PostgreSqlContainer, StartedPostgreSqlContainer } from "./postgresql-container";
