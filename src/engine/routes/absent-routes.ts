import { RuncibleError } from "../../internal/errors";
import { json } from "../http/reply";
import { type Handler, param, type Route } from "../http/request";

const methods = ["GET", "POST", "PUT", "DELETE"] as const;
const swarmResources = ["swarm", "nodes", "services", "tasks", "secrets", "configs"];

/** What Docker has and this engine has not, answered as clients expect of a daemon without it. */
export function absentRoutes(): readonly Route[] {
  const swarm = swarmResources.flatMap((name) => [`/${name}`, `/${name}/:rest*`]);
  return [
    ...["/swarm/init", "/swarm/join"].map((pattern): Route => {
      return { method: "POST", pattern, handler: refuse("swarm", "start the services as containers, or with compose") };
    }),
    ...swarm.flatMap((pattern) => methods.map((method) => ({ method, pattern, handler: refuseSwarm }))),
    { method: "GET", pattern: "/plugins", handler: () => json([]) },
    { method: "GET", pattern: "/plugins/privileges", handler: refusePlugins },
    { method: "POST", pattern: "/plugins/:rest*", handler: refusePlugins },
    // That a plugin is not there is what `docker inspect` wants to hear: it asks for one last.
    { method: "GET", pattern: "/plugins/:name*/json", handler: noSuchPlugin },
    { method: "DELETE", pattern: "/plugins/:name*", handler: noSuchPlugin },
    {
      method: "GET",
      pattern: "/containers/:id/attach/ws",
      handler: refuse("attach by web socket", "use POST /containers/{id}/attach"),
    },
    ...["/containers/:id/checkpoints", "/containers/:id/checkpoints/:checkpoint"].flatMap((pattern) =>
      methods.map((method) => ({
        method,
        pattern,
        handler: refuse("checkpoints", "commit keeps a container's files"),
      })),
    ),
    {
      method: "PUT",
      pattern: "/volumes/:name",
      handler: refuse("update volume", "only volumes of a swarm's cluster can be updated"),
    },
  ];
}

function refuse(what: string, instead: string): Handler {
  return () => {
    throw new RuncibleError("not-implemented", `${what}: this engine leaves it out; ${instead}`);
  };
}

const refusePlugins = refuse("plugins", "volumes, networks and logs are the engine's own");

const noSuchPlugin: Handler = (request) => {
  throw new RuncibleError("page-not-found", `plugin "${param(request, "name")}" not found`);
};

const refuseSwarm: Handler = () => {
  throw new RuncibleError(
    "swarm-inactive",
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
  );
};
