export { NatsContainer, StartedNatsContainer } from "./nats-container";
