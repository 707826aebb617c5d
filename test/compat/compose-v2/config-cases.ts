// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the syntax of compose files
/** Compose files as people have them, with what they are read with. */
export interface ConfigCase {
  readonly files: Readonly<Record<string, string>>;
  /** Default: those found in the folder. */
  readonly use?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly envFiles?: readonly string[];
  readonly profiles?: readonly string[];
  readonly projectFolder?: string;
}

export const configCases: Readonly<Record<string, ConfigCase>> = {
  "three files, each key merged": {
    files: {
      "a.yaml": `services:
  a:
    image: one
    command: [a, b]
    entrypoint: ["/e", "x"]
    environment: {A: 1, B: 2}
    ports: ["80:80", {target: 443, published: "8443"}]
    volumes: ["./one:/x", "./two:/y", "named:/z"]
    expose: ["1"]
    dns: [1.1.1.1]
    dns_search: a.b
    labels: {l: a, m: a}
    cap_add: [NET_ADMIN]
    ulimits: {nofile: 5}
    logging: {driver: json-file, options: {max-size: 1m}}
    depends_on: [b]
    networks: [front]
    extra_hosts: ["h:1.2.3.4"]
    env_file: a.env
    tmpfs: /run
    secrets: [s]
    healthcheck: {test: [CMD, x], interval: 5s}
    devices: ["/dev/null:/dev/n"]
    build: {context: ., args: {X: 1}}
    sysctls: {net.core.somaxconn: 1}
  b: {image: b}
volumes: {named: {labels: [a=b]}}
networks: {front: {driver_opts: {a: "1"}}}
secrets: {s: {file: ./s}}
`,
      "b.yaml": `services:
  a:
    image: two
    command: c d
    environment: [B=3, C=4, D]
    ports: ["81:81", "80:80"]
    volumes: ["./three:/x", {type: volume, source: named, target: /y}]
    expose: ["2", 1]
    dns: 8.8.8.8
    dns_search: [c.d]
    labels: [m=b]
    cap_add: [SYS_TIME, NET_ADMIN]
    ulimits: {nproc: {soft: 1, hard: 2}}
    logging: {options: {max-file: "2"}}
    depends_on: {b: {condition: service_healthy}, c: {condition: service_started, restart: true}}
    networks: {front: {aliases: [q]}, back: }
    extra_hosts: {h2: 1.2.3.5}
    env_file: [{path: b.env, required: false}]
    tmpfs: [/tmp]
    secrets: [{source: s, target: t}]
    healthcheck: {timeout: 3s}
    devices: ["/dev/zero:/dev/n"]
    build: {args: [Y=2], target: t}
    sysctls: ["net.core.somaxconn=2"]
  b: {restart: always}
  c: {image: c}
volumes: {named: {labels: {c: d}}}
networks: {front: {driver_opts: {b: "2"}}, back: {}}
`,
      "c.yaml": `services:
  a:
    logging: {driver: syslog, options: {syslog-address: "udp://1:2"}}
    command: []
    build: .
  b: {image: bbb}
`,
      "a.env": `FROM=a
A=zz
`,
      s: "s",
    },
    use: ["a.yaml", "b.yaml", "c.yaml"],
  },
  "extends from a file in another folder": {
    files: {
      "compose.yaml": `services:
  web:
    extends: {file: common/services.yaml, service: base}
    environment: {DEBUG: "1"}
  local:
    extends: web
    command: run
`,
      "common/services.yaml": `services:
  base: {image: x, build: {context: ./ctx, dockerfile: D, additional_contexts: {a: ./b, c: docker-image://y}}, volumes: ["./data:/data", "~/h:/h"], environment: {A: "\${A:-def}", P: }, cap_add: [X], depends_on: [], env_file: [{path: ./n.env, required: false}]}
`,
    },
  },
  "includes, short and long": {
    files: {
      "compose.yaml": `include:
  - inc/one.yaml
  - path: [two/a.yaml, two/b.yaml]
    env_file: two/x.env
    project_directory: three
services:
  app: {image: "app:\${V:-none}", depends_on: [one, two]}
`,
      "inc/one.yaml": `services:
  one: {image: "one:\${V:-none}", volumes: ["./d:/d"], env_file: one.env, build: .}
volumes: {ov: {}}
`,
      "inc/.env": `V=incenv
`,
      "inc/one.env": `ONE=1
`,
      "inc/Dockerfile": "FROM x",
      "two/a.yaml": `services: {two: {image: "two:\${V:-none}-\${W:-w}", volumes: ["./d:/d"]}}
`,
      "two/b.yaml": "services: {two: {command: b, env_file: t.env}}",
      "two/x.env": `V=two
W=ww
`,
      "three/t.env": "T=3",
      "three/.keep": "",
    },
  },
  "an included file that says the same": {
    files: {
      "compose.yaml": `include: [a.yaml]
services: {x: {image: y}, q: {image: q, networks: [n]}}
networks: {n: {}}
`,
      "a.yaml": `services: {x: {image: y}}
networks: {n: {}}
`,
    },
  },
  "an include that is overridden, and includes on its part": {
    files: {
      "compose.yaml": `include: [{path: [a.yaml, o.yaml]}]
services: {b: {image: b}}
`,
      "a.yaml": `include: [deep/c.yaml]
services: {x: {image: y, environment: {A: 1}}}
x-a: 1
`,
      "o.yaml": "services: {x: {image: z, environment: {B: 1}}}",
      "deep/c.yaml": "services: {c: {image: c, volumes: ['.:/c']}}",
    },
  },
  "a profile": {
    files: {
      "compose.yaml": `services:
  a: {image: a}
  b: {image: b, profiles: [p1]}
  c: {image: c, profiles: [p2]}
  d: {image: d, profiles: [p1, p2], depends_on: [a]}
`,
    },
    profiles: ["p1"],
  },
  "profiles of the environment": {
    files: {
      "compose.yaml": `services:
  a: {image: a}
  b: {image: b, profiles: [p1]}
  c: {image: c, profiles: [p2]}
volumes: {unused: {}}
networks: {unused: {}}
secrets: {u: {environment: X}}
`,
    },
    env: { COMPOSE_PROFILES: "p1,p2" },
  },
  "a dependency whose profile is not active": {
    files: {
      "compose.yaml": `services:
  a: {image: a, depends_on: {c: {condition: service_started, required: false}}}
  c: {image: c, profiles: [p2]}
`,
    },
  },
  "variables in all forms, and .env": {
    files: {
      ".env": `A=1
B="two words"
C='lit $X'
D=\${X}-d
E="\${X}-\${NOPE:-fb}"
F=a#b
G=a # comment
H="multi
line"
export I=exp
J=
K="esc\\"q\\n"
M: yamlish
N = spaced
X=fromfile
`,
      "compose.yaml": `services:
  a:
    image: "i:\${UNSET:-d}"
    command: ["$$HOME", "$\${X}", "\${X:-y}", "\${EMPTY:-y}", "\${EMPTY-y}", "\${UNSET-y}", "\${X:+alt}", "\${EMPTY:+alt}", "\${EMPTY+alt}", "\${UNSET+alt}", "\${UNSET:-\${X}}", "\${UNSET:-\${UNSET2:-\${X}-deep}}", "\${X:?err}", "\${UNSET:-a:b?c}", "\${UNSET:-}", "\${UNSET-\${EMPTY:-$$}}", "\${X?e}", "$X$X-\${X}y", "\${UNSET:-{}}", "$$$X", "\${UNSET:-a b}"]
    environment: {A: "$A", B: "$B", C: "$C", D: "$D", E: "$E", F: "$F", G: "$G", H: "$H", I: "$I", J: "[$J]", K: "$K", M: "$M", N: "$N", SHELL_ONLY: , NOTSET: , X: }
    labels: {k: "v\${X}"}
    ports: ["\${A}:80"]
    privileged: "\${T:-true}"
    mem_limit: "\${MEM:-64m}"
    scale: "\${A}"
    stop_grace_period: "\${G2:-3}s"
`,
    },
    env: { X: "x", EMPTY: "", SHELL_ONLY: "from shell" },
  },
  "dependencies, written and implied": {
    files: {
      "compose.yaml": `services:
  a:
    image: a
    depends_on:
      b: {condition: service_healthy, restart: true, required: true}
      c: {condition: service_completed_successfully, required: false}
      d: {condition: service_started}
    links: ["b", "c:cc"]
    volumes_from: ["d:ro", "e"]
    network_mode: "service:f"
    ipc: "service:g"
    pid: "service:h"
  b: {image: b, healthcheck: {test: x}}
  c: {image: c}
  d: {image: d}
  e: {image: e}
  f: {image: f}
  g: {image: g, ipc: shareable}
  h: {image: h}
`,
    },
  },
  "health checks": {
    files: {
      "compose.yaml": `services:
  a: {image: a, healthcheck: {test: "curl -f http://x || exit 1", interval: 1m30s, timeout: 10s, retries: 3, start_period: 40s, start_interval: 5s}}
  b: {image: b, healthcheck: {test: [CMD-SHELL, "a b"], interval: 1.5s}}
  c: {image: c, healthcheck: {test: [CMD, a, "b c"], timeout: 500ms}}
  d: {image: d, healthcheck: {test: [NONE]}}
  e: {image: e, healthcheck: {disable: true}}
  f: {image: f, healthcheck: {retries: "5", interval: 1h2m3s4ms5us}}
`,
    },
  },
  networks: {
    files: {
      "compose.yaml": `services:
  a:
    image: a
    hostname: hh
    domainname: dd
    mac_address: 02:42:ac:11:65:43
    networks:
      front: {aliases: [x, y], ipv4_address: 172.16.238.10, ipv6_address: 2001:3984:3989::10, priority: 100, link_local_ips: [57.123.22.11], mac_address: "02:42:ac:11:65:44"}
      back:
      default:
        aliases: [z]
  b: {image: b, network_mode: host}
  c: {image: c, network_mode: none}
  d: {image: d, networks: [ext]}
networks:
  front:
    driver: bridge
    driver_opts: {com.docker.network.bridge.name: br1}
    internal: true
    attachable: true
    enable_ipv6: true
    ipam: {driver: default, options: {a: b}, config: [{subnet: 172.16.238.0/24, gateway: 172.16.238.1, ip_range: 172.16.238.0/25, aux_addresses: {h: 172.16.238.5}}, {subnet: "2001:3984:3989::/64"}]}
    labels: [a=b]
  back: {name: "my_\${N:-net}"}
  ext: {external: true}
  ext2: {external: true, name: other}
  default: {driver_opts: {x: y}}
`,
    },
  },
  volumes: {
    files: {
      "compose.yaml": `services:
  a:
    image: a
    volumes:
      - /anon
      - data:/data
      - data:/ro:ro
      - ./rel:/rel
      - ../up:/up:rw
      - ~/home:/home
      - /abs:/abs:ro,z
      - ./prop:/prop:rshared
      - data:/nc:nocopy
      - .:/dot
      - type: volume
        source: data
        target: /long
        read_only: true
        volume: {nocopy: true, subpath: sub/dir}
      - {type: volume, target: /anonlong}
      - type: bind
        source: ./b
        target: /b
        bind: {propagation: rprivate, selinux: z}
      - {type: tmpfs, target: /t, tmpfs: {size: 10m, mode: 1777}}
      - {type: tmpfs, target: /t2, tmpfs: {size: 1024}}
      - {type: bind, source: /var/run/docker.sock, target: /var/run/docker.sock, consistency: cached}
    tmpfs: [/run, "/x:size=1m,mode=755"]
volumes:
  data: {driver: local, driver_opts: {type: tmpfs, o: "size=1m", device: tmpfs}, labels: {a: b}}
  ext: {external: true}
  named: {name: really}
`,
    },
  },
  "configs and secrets": {
    files: {
      "compose.yaml": `services:
  a:
    image: a
    configs:
      - c1
      - {source: c2, target: /etc/c2, mode: 0440, uid: "103", gid: "103"}
      - source: c3
        target: rel
      - {source: c4}
    secrets:
      - s1
      - {source: s2, target: t2, mode: 0400, uid: "5"}
      - {source: s2, target: /abs/t3}
configs:
  c1: {file: ./c1.txt}
  c2: {content: "hello \${TOK} $$x\\n"}
  c3: {environment: TOK}
  c4: {file: /abs/x, labels: {a: b}}
secrets:
  s1: {file: ~/s1}
  s2: {environment: "TOK"}
`,
    },
    env: { TOK: "tok" },
  },
  ports: {
    files: {
      "compose.yaml": `services:
  a:
    image: a
    ports:
      - 80
      - "3000-3002"
      - "8000:8000"
      - "9090-9091:8080-8081"
      - "49100:22"
      - "8000-8010:80"
      - "127.0.0.1:8001:8001"
      - "127.0.0.1:5000-5002:5000-5002"
      - "127.0.0.1::5003"
      - "6060:6060/udp"
      - "[::1]:6001:6001"
      - {target: 81, host_ip: 127.0.0.1, published: "8080", protocol: tcp, mode: host, name: web, app_protocol: http}
      - {target: 82, published: "8000-9000"}
      - {target: 83, published: 8083}
      - {target: 84}
    expose: [100, "101-103", "104/udp"]
`,
    },
  },
  "deploy and limits": {
    files: {
      "compose.yaml": `services:
  a:
    image: a
    deploy:
      mode: replicated
      replicas: 2
      endpoint_mode: vip
      labels: {a: b}
      resources: {limits: {cpus: "0.5", memory: 50M, pids: 10}, reservations: {cpus: 0.25, memory: 20m}}
      restart_policy: {condition: on-failure, delay: 5s, max_attempts: 3, window: 2m}
      placement: {constraints: [node.role == manager]}
      update_config: {parallelism: 2, delay: 10s, order: start-first}
      rollback_config: {parallelism: 1}
  b: {image: b, scale: 3}
  c: {image: c, mem_limit: 1g, memswap_limit: 2gb, mem_reservation: 512mb, mem_swappiness: 10, cpus: 1.5, cpu_shares: 73, cpuset: '0,1', cpu_quota: 50000, cpu_period: 20000, pids_limit: 5, shm_size: 64m, oom_kill_disable: true, oom_score_adj: -500, blkio_config: {weight: 300}}
`,
    },
  },
  "the other keys": {
    files: {
      "compose.yaml": `services:
  a:
    image: a
    init: true
    restart: on-failure:3
    stop_signal: SIGUSR1
    stop_grace_period: 1m30s
    container_name: cname
    working_dir: /w
    user: "1000:1000"
    userns_mode: host
    uts: host
    tty: true
    stdin_open: true
    read_only: true
    privileged: true
    platform: linux/amd64
    pull_policy: missing
    attach: false
    runtime: runc
    cgroup: private
    cgroup_parent: m-executor
    extra_hosts: ["somehost:162.242.195.82", "otherhost=50.31.209.229", "myhostv6:::1", "v6=[::1]", "hg:host-gateway"]
    dns: [8.8.8.8, 9.9.9.9]
    dns_opt: [use-vc]
    dns_search: example.com
    sysctls: ["net.core.somaxconn=1024", net.ipv4.tcp_syncookies=0]
    ulimits: {nproc: 65535, nofile: {soft: 20000, hard: 40000}}
    tmpfs: /run
    cap_add: [ALL]
    cap_drop: [NET_ADMIN, SYS_ADMIN]
    security_opt: ["label:user:USER", "no-new-privileges:true"]
    pid: host
    ipc: host
    group_add: [mail, 33]
    device_cgroup_rules: ["c 1:3 mr"]
    devices: ["/dev/ttyUSB0:/dev/ttyUSB0", "/dev/sda:/dev/xvda:rwm", /dev/null]
    storage_opt: {size: 1G}
    logging: {driver: json-file, options: {max-size: "200k", max-file: 10}}
    labels: ["com.example.a=x", "com.example.b"]
    annotations: {com.example.foo: bar}
    external_links: [redis, "database:mysql"]
    x-service: {anything: [1, 2]}
  b:
    image: b
    labels: {n: 1, b: true, f: 1.5, e: , s: "x y"}
    environment: {N: 1, B: true, F: 1.5, E: "", S: "x y", Z: }
    annotations: [a=b]
    sysctls: {net.core.somaxconn: 1024}
    extra_hosts: {a: 1.1.1.1, b: [2.2.2.2, 3.3.3.3]}
    restart: "no"
    entrypoint: ["/e", "--x"]
    command: ["a b", c]
  c: {image: c, entrypoint: /bin/sh -c 'echo "a b"', command: ""}
  d: {image: d, entrypoint: [], command: [], restart: always}
  e: {image: e, entrypoint: "", command: null, restart: unless-stopped}
  f: {image: f, command: "sh -c \\"echo 'a' \\\\\\"b\\\\\\" && x\\"", restart: on-failure}
x-top: {a: 1}
`,
    },
  },
  "anchors and merge keys": {
    files: {
      "compose.yaml": `x-env: &env {A: "1", B: "1"}
x-log: &log
  logging: &l
    driver: json-file
    options: {max-size: "1m"}
x-base: &base
  <<: *log
  image: base
  environment: *env
  restart: always
services:
  a:
    <<: *base
    environment: {<<: *env, B: "2"}
  b: {<<: *base, image: b}
  c:
    <<: [*base, *log]
    labels: &lab
      - a=b
  d: {image: d, labels: *lab, logging: {<<: *l, options: {max-file: "3"}}}
`,
    },
  },
  "!reset and !override": {
    files: {
      "a.yaml": `services:
  a:
    image: one
    ports: ["80:80", "81:81"]
    environment: {A: 1, B: 2}
    command: x
    labels: {l: a}
    depends_on: [b, c]
    volumes: ["./x:/x", "d:/y"]
    healthcheck: {test: x}
  b: {image: b, ports: ["90:90"], build: {context: ., args: {A: 1}}}
  c: {image: c}
volumes: {d: {}}
`,
      "b.yaml": `services:
  a:
    ports: !override ["8080:80"]
    environment: {A: !reset null}
    command: !reset null
    labels: !override {z: z}
    depends_on: !override
      b: {condition: service_healthy}
    volumes: !reset []
    healthcheck: !reset {}
  b:
    ports: !reset []
    build: !override {dockerfile_inline: "FROM x"}
  c: !reset null
`,
    },
    use: ["a.yaml", "b.yaml"],
  },
  builds: {
    files: {
      "compose.yaml": `services:
  a: {build: .}
  b:
    build:
      context: ./sub
      dockerfile: docker/Dockerfile.dev
      args: {A: 1, C: "\${X:-x}", T: true}
      target: dev
      cache_from: ["alpine:latest", "type=local,src=p"]
      cache_to: ["type=inline"]
      labels: [a=b]
      network: host
      shm_size: 2gb
      extra_hosts: ["h:1.2.3.4"]
      tags: ["x:1", "y:2"]
      platforms: [linux/amd64]
      pull: true
      no_cache: true
      isolation: x
      ulimits: {nofile: 5}
      additional_contexts: ["res=./res", "app=docker-image://a:1", "r=https://github.com/x/y.git"]
    image: built:1
  c:
    build: {context: ., dockerfile_inline: "FROM x\\nRUN y\\n", args: ["A=1"]}
  d: {build: {dockerfile: D}}
  e: {build: "https://github.com/x/y.git#main:sub"}
  f: {build: {context: /abs/path, dockerfile: /abs/D}}
  g: {build: ../up}
  h: {build: "git@github.com:x/y.git"}
`,
    },
  },
  "a name in the file": {
    files: {
      "compose.yaml": `version: "3.8"
name: my-proj_1
services: {a: {image: "a:\${COMPOSE_PROJECT_NAME}"}}
`,
    },
  },
  "a name of a variable": {
    files: {
      "compose.yaml": `name: \${N:-x}
services: {a: {image: "a:\${COMPOSE_PROJECT_NAME}"}}
`,
    },
    env: { N: "fromvar" },
  },
  "a name of the environment": {
    files: {
      "compose.yaml": `name: xx
services: {a: {image: "a:\${COMPOSE_PROJECT_NAME}"}}
`,
    },
    env: { COMPOSE_PROJECT_NAME: "fromenv" },
  },
  "names, files and profiles of .env": {
    files: {
      ".env": `COMPOSE_PROJECT_NAME=dotenv
COMPOSE_FILE=x.yml:y.yml
COMPOSE_PROFILES=p
`,
      "x.yml": "services: {a: {image: a}, b: {image: b, profiles: [p]}}",
      "y.yml": "services: {a: {command: y}}",
    },
  },
  "several documents in a file": {
    files: {
      "compose.yaml": `services: {a: {image: a}}
---
services: {a: {command: o}, b: {image: b}}
`,
    },
  },
  "environment files that are named": {
    files: {
      ".env": "A=no",
      "x.env": `A=x
B=x
`,
      "y.env": "B=y-$A",
      "compose.yaml": "services: {a: {image: 'a:${A}-${B}'}}",
    },
    envFiles: ["x.env", "y.env"],
  },
  "another project folder": {
    files: {
      "compose.yaml": "services: {a: {image: a, build: ., volumes: ['./x:/x'], env_file: e.env}}",
      "sub/e.env": "E=1",
    },
    use: ["compose.yaml"],
    projectFolder: "sub",
  },
  "a file of labels": {
    files: {
      "compose.yaml": "services: {a: {image: a, label_file: l.env, labels: {b: over}}}",
      "l.env": `a=1
b=2
`,
    },
  },
  "texts for booleans and numbers": {
    files: {
      "compose.yaml": `services:
  a: {image: a, privileged: "true", init: "yes", tty: "on", stop_grace_period: 10s, cpus: "0.5", pids_limit: "7", oom_score_adj: "5", mem_swappiness: "3", healthcheck: {test: x, retries: "4"}, deploy: {replicas: "3"}}
`,
    },
  },
  "a dollar sign that is none of a variable": {
    files: {
      "compose.yaml": `services:
  a: {image: a, command: [a$, ^x$|y, $(date), "$ x", $1, "\${X:-$(pwd)}", $$$, "$)\${X}"]}
`,
    },
  },
  "a name that does not fit": { files: { "compose.yaml": "name: My Proj!\nservices: {a: {image: a}}" } },
};
