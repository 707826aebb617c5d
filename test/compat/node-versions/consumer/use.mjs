import { DockerComposeEnvironment, GenericContainer, Network, TestContainers, Wait } from "runcible";
import { use } from "./use.js";

await use({ DockerComposeEnvironment, GenericContainer, Network, TestContainers, Wait });
