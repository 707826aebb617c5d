// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the syntax of compose files
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadProject } from "../../../src/compose/load/load-project";
import type { Project } from "../../../src/compose/model/project";
import { run } from "../../../src/internal/exec";
import { composeFiles } from "../../support/compose-files";
import { comparableProject } from "./comparable-project";

/**
 * docker-compose 1 resolves files by the same rules. Its `config` prints the result in forms of its own, so what is
 * compared is the project that we read from it with the one that we read from the original files.
 */
interface Case {
  readonly files: Readonly<Record<string, string>>;
  /** Default: `compose.yaml`. */
  readonly use?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly profiles?: readonly string[];
}

const cases: Readonly<Record<string, Case>> = {
  "a service with all short forms": {
    files: {
      "compose.yaml": `
services:
  web:
    image: nginx:1
    ports: ["8080:80", "127.0.0.1:9000:90/udp", "443", "7000-7002:8000-8002"]
    volumes: ["./html:/html:ro", "data:/data", "/abs/path:/p"]
    environment: [A=1, B=two words, C=]
    command: nginx -g 'daemon off;'
    entrypoint: /entry.sh --flag
    dns: 1.1.1.1
    tmpfs: /run
    env_file: a.env
    networks: [front]
    depends_on: [db]
    labels: [x.y=z, flag]
  db: {image: db}
volumes: {data: }
networks: {front: }
`,
      "a.env": "FROM=file\nA=overridden\n",
    },
  },
  "variables in all forms": {
    files: {
      "compose.yaml": `
services:
  a:
    image: "\${IMG}:\${TAG:-latest}"
    hostname: "\${EMPTY:-filled}"
    domainname: "\${EMPTY-kept}x"
    user: "\${UNSET-default}"
    labels: {price: "$$5", plain: $IMG, must: "\${IMG:?needed}", braces: "\${IMG}\${TAG2-}"}
    environment: {IMG: , HERE: "\${IMG}"}
`,
      ".env": "IMG=fromfile\nEMPTY=\n",
    },
    env: { IMG: "fromenv" },
  },
  "values of .env": {
    files: { "compose.yaml": 'services: {a: {image: "${IMG}-${N}"}}', ".env": "# c\nIMG=x\nexport N='q'\n" },
  },
  "two files merged": {
    files: {
      "a.yaml": `
services:
  a:
    image: one
    command: [a, b]
    environment: {A: 1, B: 2}
    ports: ["80:80"]
    volumes: ["./one:/x", "./two:/y"]
    expose: ["1"]
    dns: [1.1.1.1]
    labels: {l: a, m: a}
    cap_add: [NET_ADMIN]
    ulimits: {nofile: 5}
    logging: {driver: json-file, options: {max-size: 1m}}
`,
      "b.yaml": `
services:
  a:
    image: two
    command: c
    environment: [B=3, C=4]
    ports: ["81:81"]
    volumes: ["./three:/x"]
    expose: ["2"]
    dns: 8.8.8.8
    labels: [m=b]
    cap_add: [SYS_TIME]
    ulimits: {nproc: {soft: 1, hard: 2}}
    logging: {options: {max-file: "2"}}
  b: {image: new}
`,
    },
    use: ["a.yaml", "b.yaml"],
  },
  "three files, health checks and deploy": {
    files: {
      "a.yaml":
        "services: {a: {image: x, healthcheck: {test: [CMD, a], interval: 10s, retries: 3}, deploy: {resources: {limits: {memory: 64M}}}}}",
      "b.yaml": "services: {a: {healthcheck: {test: b, timeout: 1m30s}, deploy: {replicas: 2, labels: [a=b]}}}",
      "c.yaml":
        "services: {a: {deploy: {resources: {limits: {cpus: '0.5'}, reservations: {memory: 20M}}, restart_policy: {condition: on-failure, max_attempts: 3}}}}",
    },
    use: ["a.yaml", "b.yaml", "c.yaml"],
  },
  "the override beside the file": {
    files: {
      "docker-compose.yml": "services: {a: {image: x, environment: {A: 1}}}",
      "docker-compose.override.yml": "services: {a: {environment: {A: 2}, tty: true}}",
    },
    use: [],
  },
  "extends in the same file": {
    files: {
      "compose.yaml":
        "services: {base: {image: x, environment: {A: 1, B: 1}, cap_add: [A]}, a: {extends: {service: base}, environment: {B: 2}, cap_add: [B]}}",
    },
  },
  "extends from another folder": {
    files: {
      "compose.yaml": "services: {a: {extends: {file: sub/base.yaml, service: base}, volumes: ['./here:/here']}}",
      "sub/base.yaml":
        "services: {base: {image: x, build: {context: ./build}, volumes: ['./there:/there'], env_file: [b.env]}}",
      "sub/b.env": "B=sub\n",
      "sub/build/Dockerfile": "FROM scratch\n",
    },
  },
  "a chain of extends": {
    files: {
      "compose.yaml":
        "services: {a: {extends: {service: b}, user: a}, b: {extends: {service: c}, hostname: b}, c: {image: c, user: c, hostname: c}}",
    },
  },
  "anchors and merge keys": {
    files: {
      "compose.yaml": `
x-env: &env {A: "1", B: "1"}
x-base: &base
  image: base
  environment: *env
services:
  a: {<<: *base, environment: {<<: *env, B: "2"}}
  b: {<<: *base}
`,
    },
  },
  builds: {
    files: {
      "compose.yaml":
        "services: {a: {build: .}, b: {image: b, build: {context: sub, dockerfile: D, args: [X=1, Y=2], target: t, labels: {l: m}, network: host, shm_size: 1m}}}",
      "sub/D": "FROM scratch\n",
    },
  },
  "conditions of dependencies": {
    files: {
      "compose.yaml":
        "services: {a: {image: x, depends_on: {b: {condition: service_healthy}, c: {condition: service_completed_successfully}}}, b: {image: x}, c: {image: x}}",
    },
  },
  networks: {
    files: {
      "compose.yaml": `
services:
  a: {image: x, networks: {front: {aliases: [one, two], ipv4_address: 172.30.0.9}, back: }}
networks:
  front: {driver: bridge, ipam: {driver: default, config: [{subnet: 172.30.0.0/16, gateway: 172.30.0.1}]}, labels: {a: b}}
  back: {internal: true, attachable: true, name: fixed}
`,
    },
  },
  "external networks and volumes": {
    files: {
      "compose.yaml":
        "services: {a: {image: x, networks: [n], volumes: ['v:/v']}}\nnetworks: {n: {external: true, name: real}}\nvolumes: {v: {external: true}}",
    },
  },
  "long volumes": {
    files: {
      "compose.yaml": `
services:
  a:
    image: x
    volumes:
      - {type: bind, source: ./a, target: /a, read_only: true, bind: {propagation: rslave}}
      - {type: volume, source: v, target: /v, volume: {nocopy: true}}
      - {type: tmpfs, target: /t, tmpfs: {size: 1000}}
volumes: {v: {driver: local, driver_opts: {type: none}, labels: [a=b]}}
`,
    },
  },
  "long ports": {
    files: {
      "compose.yaml": "services: {a: {image: x, ports: [{target: 80, published: 8080, protocol: udp}, {target: 90}]}}",
    },
  },
  "secrets and configs": {
    files: {
      "compose.yaml": `
services:
  a: {image: x, secrets: [s, {source: s, target: t, uid: "1", gid: "2", mode: 0440}], configs: [c]}
secrets: {s: {file: ./s.txt}}
configs: {c: {file: ./sub/c.txt}}
`,
      "s.txt": "s",
      "sub/c.txt": "c",
    },
  },
  limits: {
    files: {
      "compose.yaml":
        "services: {a: {image: x, mem_limit: 64m, memswap_limit: 1g, cpus: 0.5, cpu_shares: 5, pids_limit: 9, shm_size: 2m, oom_score_adj: 5, ulimits: {nofile: {soft: 1, hard: 2}, core: 0}}}",
    },
  },
  isolation: {
    files: {
      "compose.yaml":
        "services: {a: {image: x, privileged: true, read_only: true, cap_drop: [ALL], security_opt: ['no-new-privileges:true'], sysctls: [a.b=1], devices: ['/dev/null:/dev/n:r'], userns_mode: host, init: true, tty: true, stdin_open: true}}",
    },
  },
  "other containers' parts": {
    files: {
      "compose.yaml":
        "services: {a: {image: x}, b: {image: x, network_mode: 'service:a', pid: host, ipc: 'service:a'}, c: {image: x, links: ['a:other'], external_links: [d]}}",
    },
  },
  "stop, restart and names": {
    files: {
      "compose.yaml":
        "services: {a: {image: x, stop_signal: SIGINT, stop_grace_period: 1m30s, restart: 'on-failure:3', container_name: fixed, working_dir: /w, user: '1:2', extra_hosts: ['h:1.2.3.4'], dns_search: [s], dns_opt: [o], mac_address: '02:42:ac:11:00:02'}}",
    },
  },
  profiles: {
    files: {
      "compose.yaml": "services: {a: {image: x}, b: {image: x, profiles: [p]}, c: {image: x, profiles: [q, r]}}",
    },
    profiles: ["p", "r"],
  },
  "environment files in order": {
    files: {
      "compose.yaml": "services: {a: {image: x, env_file: [1.env, 2.env], environment: {C: 3, D: }}}",
      "1.env": "A=1\nB=1\nC=1\n",
      "2.env": "# comment\n\nB=2\nQ='single'\nW=\"double\"\n",
    },
    env: { D: "d" },
  },
  "an old version with its key": {
    files: { "compose.yaml": "version: '3.8'\nservices: {a: {image: x, ports: ['80']}}" },
  },
};

async function ours(folder: string, { use, env = {}, profiles = [] }: Case, files = use): Promise<Project> {
  return loadProject({
    workingFolder: folder,
    projectName: "p",
    profiles,
    env,
    ...(files === undefined ? {} : { files }),
  });
}

test.each(Object.entries(cases))("%s: docker-compose understands the same", async (_name, tried) => {
  await using written = await composeFiles(tried.files);
  const { folder } = written;
  const names = tried.use ?? ["compose.yaml"];
  const flags = [
    ...names.flatMap((file) => ["-f", file]),
    ...(tried.profiles ?? []).flatMap((name) => ["--profile", name]),
  ];
  const { stdout } = await run("docker-compose", ["-p", "p", ...flags, "config"], {
    cwd: folder,
    env: { PATH: process.env["PATH"], ...tried.env },
  });
  const project = await ours(folder, tried);

  await written.write({ "theirs/compose.yaml": stdout });
  const theirs = await ours(join(folder, "theirs"), { ...tried, files: {} }, ["compose.yaml"]);

  expect(Object.keys(project.services)).not.toEqual([]);
  expect(comparableProject(project)).toEqual(comparableProject(theirs));
});
