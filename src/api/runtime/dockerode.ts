import type Docker from "dockerode";

import type { Endpoint } from "../../client/endpoint";
import { sshAgentOf } from "../../client/ssh/ssh-agent";

/**
 * dockerode for a daemon, as users of the compatible API have it at hand. Loaded when it is first touched: it brings
 * along what no test of its own needs, and takes a fresh process as long as a container start.
 */
export function createDockerode(endpoint: Endpoint): Docker {
  const Dockerode = require("dockerode") as typeof Docker;
  if (endpoint.kind === "unix") return new Dockerode({ socketPath: endpoint.path });
  if (endpoint.kind === "ssh") {
    // Not its own way over SSH, which takes any host key and logs in for each request.
    const agent = sshAgentOf(endpoint);
    return new Dockerode({ protocol: "http", host: "localhost", agent } as Docker.DockerOptions);
  }
  const { host, port, tls } = endpoint;
  if (tls === undefined) return new Dockerode({ protocol: "http", host, port });
  const { ca, cert, key } = tls;
  return new Dockerode({ protocol: "https", host, port, ...(ca === undefined ? {} : { ca, cert, key }) });
}

const known = new WeakMap<Endpoint, Docker>();

/** One per daemon. */
export function dockerodeOf(endpoint: Endpoint): Docker {
  const docker = known.get(endpoint) ?? createDockerode(endpoint);
  known.set(endpoint, docker);
  return docker;
}
