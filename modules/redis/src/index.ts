export { RedisContainer, StartedRedisContainer } from "./redis-container";
