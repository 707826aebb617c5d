export { RabbitMqContainer, StartedRabbitMqContainer } from "./rabbitmq-container";
