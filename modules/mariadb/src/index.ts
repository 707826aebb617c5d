export { MariaDbContainer, StartedMariaDbContainer } from "./mariadb-container";
