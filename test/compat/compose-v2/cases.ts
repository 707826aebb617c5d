import type { CommandCase } from "../docker-cli/command-case";

/** A project in a file of its own, and the lines that are run beside it. */
function project(what: string, yaml: string, ...lines: readonly string[]): CommandCase {
  return { what, files: { "compose.yaml": `name: app\n${yaml}` }, lines };
}

const sleeper = "image: bb, init: false, stop_grace_period: 0s, command: sleep 1000";

const stack = `
services:
  db:
    image: bb
    command: sh -c "sleep 1; touch /tmp/ready; exec sleep 1000"
    stop_grace_period: 0s
    healthcheck: {test: test -f /tmp/ready, interval: 300ms, timeout: 5s, retries: 20}
    networks: {back: {aliases: [database]}}
    volumes: ["data:/data"]
  migrate:
    image: bb
    command: sh -c "echo migrated > /data/done; echo migrating"
    depends_on: {db: {condition: service_healthy}}
    volumes: ["data:/data"]
    networks: [back]
  web:
    image: bb
    command: sh -c "mkdir /www; echo page > /www/index.html; echo serving; exec httpd -f -p 80 -h /www"
    stop_grace_period: 0s
    depends_on: {migrate: {condition: service_completed_successfully}}
    networks: {front: {aliases: [site]}, back: }
    volumes: ["data:/data:ro"]
networks: {front: , back: }
volumes: {data: {labels: {v: "1"}}}
`;

export const lifeCases: readonly CommandCase[] = [
  project(
    "up waits for what a service depends on, down removes",
    stack,
    "docker compose up -d",
    "docker compose ps -a",
    "docker compose ps --services --filter status=running",
    'docker compose ps -a --format json | sed -n \'s/.*"ExitCode":\\([0-9]*\\),"Health":"\\([a-z]*\\)".*"Publishers":\\(.*\\),"RunningFor".*"State":"\\([a-z]*\\)".*/\\1 \\2 \\3 \\4/p\'',
    "docker compose exec -T web sh -c 'cat /data/done; wget -qO- http://site/; ping -c 1 database | head -n 1'",
    "docker compose logs --no-color | sort",
    "docker compose ls --format json | sed 's/\"ConfigFiles.*//'",
    'docker compose images --format json | grep -o \'"ContainerName":"[^"]*"\' | sort',
    "docker compose images",
    "docker compose down -v",
    "docker ps -aq; docker volume ls -q; docker network ls --format '{{.Name}}' | sort",
    "docker compose down",
  ),
  project(
    "what fails on the way stops the rest",
    `
services:
  bad: {image: bb, command: sh -c 'exit 3'}
  after: {${sleeper}, depends_on: {bad: {condition: service_completed_successfully}}}
  never: {image: bb, command: sleep 1000, stop_grace_period: 0s, healthcheck: {test: "false", interval: 100ms, retries: 2}}
  last: {${sleeper}, depends_on: {never: {condition: service_healthy}}}
`,
    "docker compose up -d after",
    "docker compose up -d last",
    "docker compose ps -a --format '{{.Service}} {{.State}} {{.Health}} {{.ExitCode}}' | sort",
    "docker compose up -d --wait never",
    "docker compose down",
  ),
  project(
    "up again: only what changed is made anew",
    `
services:
  aa: {${sleeper}, environment: {V: "\${V:-1}"}}
  bb: {${sleeper}}
`,
    "docker compose up -d",
    "docker compose ps -q | sort > first; docker compose up -d; docker compose ps -q | sort | cmp - first && echo same",
    "V=2 docker compose up -d",
    "docker compose exec -T aa sh -c 'echo $V'",
    "V=2 docker compose ps -q | sort | comm -12 - first | wc -l",
    "V=2 docker compose up -d --force-recreate bb",
    "V=2 docker compose up -d --no-recreate",
    "V=2 docker compose create --force-recreate aa; docker compose ps -a --format '{{.Service}} {{.State}}' | sort",
    "docker compose down",
  ),
  project(
    "stop, start, restart, pause, kill, rm",
    `services: {aa: {${sleeper}}, bb: {${sleeper}}}`,
    "docker compose up -d",
    "docker compose stop aa; docker compose ps -a --format '{{.Service}} {{.State}} {{.ExitCode}}'",
    "docker compose start aa",
    "docker compose restart -t 0",
    "docker compose pause; docker compose ps --format '{{.Service}} {{.State}} {{.Status}}'; docker compose ps --status paused --services",
    "docker compose unpause",
    "docker compose kill -s KILL bb; docker compose ps -a --format '{{.Service}} {{.State}} {{.ExitCode}}'",
    "docker compose kill bb",
    "{ sleep 0.7; docker compose kill aa 2>/dev/null; } & docker compose wait aa; wait",
    "docker compose rm -f | wc -w",
    "docker compose rm -sf aa",
    "docker compose start aa; docker compose wait aa",
    "docker compose down -t 0",
  ),
  project(
    "scale, index, orphans",
    `services: {aa: {${sleeper}}, bb: {${sleeper}, deploy: {replicas: 2}}}`,
    "docker compose up -d --scale aa=3",
    "docker compose ps --format '{{.Name}} {{.State}}' | sort",
    "docker compose scale aa=1 bb=1; docker compose ps --format '{{.Name}}' | sort",
    "docker compose exec -T --index 1 bb hostname | wc -c",
    "docker compose exec -T --index 2 bb true",
    "printf 'name: app\\nservices: {aa: {image: bb, command: sleep 1000, stop_grace_period: 0s}}' > compose.yaml; docker compose up -d",
    "docker compose up -d --remove-orphans",
    "docker compose ps --format '{{.Name}}'",
    "docker compose down --remove-orphans",
  ),
  project(
    "profiles, and services by name",
    `services: {aa: {${sleeper}}, tool: {${sleeper}, profiles: [debug]}, other: {${sleeper}, profiles: [debug], depends_on: [aa]}}`,
    "docker compose up -d; docker compose ps --services",
    "docker compose --profile debug up -d --no-deps other; docker compose ps --services | sort",
    "docker compose up -d tool; docker compose ps --services | sort",
    "docker compose config --profiles; docker compose config --services | sort; docker compose --profile '*' config --services | sort",
    "docker compose up -d nosuch",
    "docker compose --profile debug down",
  ),
  project(
    "healthchecks, and --wait",
    `
services:
  good: {image: bb, command: sleep 1000, stop_grace_period: 0s, healthcheck: {test: [CMD, "true"], interval: 200ms, start_period: 5s, start_interval: 100ms}}
  none: {${sleeper}}
  once: {image: bb, command: "true"}
`,
    "docker compose up -d --wait good none",
    "docker inspect -f '{{json .Config.Healthcheck}} {{.State.Health.Status}}' app-good-1",
    "docker compose ps --format '{{.Service}} {{.Health}} {{.State}}'",
    "docker compose up --wait once",
    "docker compose up -d --wait --wait-timeout 1 good",
    "docker compose down",
  ),
];

export const insideCases: readonly CommandCase[] = [
  project(
    "run and exec",
    `
services:
  aa: {${sleeper}, environment: {A: "1"}, working_dir: /tmp, user: "1:1", ports: ["80"], depends_on: [bb]}
  bb: {${sleeper}}
volumes: {v: }
`,
    "docker compose run --rm -T aa sh -c 'pwd; id -u; echo $A; exit 3'",
    "docker compose run --rm -T -e A=2 -u 0 -w / --name once -v $PWD:/here:ro aa sh -c 'pwd; id -u; echo $A; cat /here/file.txt'",
    "echo piped | docker compose run --rm -T --no-deps aa cat",
    "docker compose run -d --name kept -l x=y aa sleep 1000; docker compose ps --format '{{.Name}} {{.State}}' | sort",
    "docker compose run --rm -T --entrypoint echo aa other words",
    "docker compose run --rm -T aa nosuchprogram",
    "docker compose run --rm -T nosuch true",
    "docker compose exec -T bb sh -c 'echo out; echo err >&2; exit 4'",
    "echo piped | docker compose exec -T bb cat",
    "docker compose exec -T -e X=5 -w /tmp -u 1 bb sh -c 'echo $X; pwd; id -u'",
    "docker compose exec -T -d bb touch /tmp/detached",
    'timeout 30 sh -c "until docker compose exec -T bb test -e /tmp/detached; do sleep 0.1; done"; docker compose exec -T bb ls /tmp',
    "docker compose exec -T aa true",
    `script -qec "stty rows 33 cols 99; docker compose exec bb sh -c 'test -t 0 && sleep 0.5; stty size'" /dev/null < /dev/null | tr -d '^@'`,
    `script -qec "docker compose run --rm bb sh -c 'test -t 1 && echo terminal; exit 6'; echo $?" /dev/null < /dev/null | tr -d '^@'`,
    "docker compose exec -T bb nosuchprogram",
    "docker compose down --remove-orphans",
  ),
  project(
    "attached up ends with the service that is named",
    `
services:
  aa: {image: bb, command: sh -c 'echo started; sleep 0.5; exit 5', stop_grace_period: 0s}
  bb: {image: bb, command: sh -c 'echo here; exec sleep 1000', stop_grace_period: 0s}
`,
    "docker compose up --no-color --exit-code-from aa 2>&1 | sort; docker compose ps -a --format '{{.Service}} {{.State}} {{.ExitCode}}' | sort",
    "docker compose up --no-color --no-log-prefix --exit-code-from aa aa",
    "timeout --foreground -s INT 3 docker compose up --no-color --attach bb 2>&1 | sort",
    "docker compose down",
  ),
  project(
    "logs",
    `
services:
  aa: {image: bb, command: "sh -c 'for i in 1 2 3; do echo line $$i; done; echo err >&2; sleep 0.2; echo last'"}
  bb: {${sleeper}}
`,
    "docker compose up -d; docker wait app-aa-1",
    "docker compose logs aa --no-color | sort",
    "docker compose logs --no-log-prefix --tail 1 aa",
    "docker compose logs --no-log-prefix -t aa | sed 's/.*Z //' | sort",
    "timeout 2 docker compose logs -f --no-color aa | sort",
    "docker compose logs --since 1h --no-log-prefix --tail 1 aa; docker compose logs --until 1h --no-log-prefix aa",
    "docker compose logs nosuch",
    "timeout --foreground -s INT 2 docker compose logs -f --no-color bb; echo $?",
    "docker compose down",
  ),
  project(
    "ports, top, stats, cp, events",
    `
services:
  aa: {${sleeper}, ports: ["80", "127.0.0.1:18080:8080", "18081-18082:8081-8082", "53:5353/udp"], expose: ["99"]}
`,
    "docker compose up -d",
    "docker compose port aa 80",
    "docker compose port aa 8080; docker compose port --protocol udp aa 5353",
    "docker compose port aa 99",
    "docker compose ps --format '{{.Ports}}'",
    'docker compose ps --format json | grep -o \'"Publishers":.*]\' | sed \'s/"URL":"[^"]*",//g; s/"PublishedPort":[3-6][0-9]*/"PublishedPort":any/g\'',
    "docker compose top | awk '{print $1, $8, $9, $10}'",
    "docker compose cp file.txt aa:/tmp/copy; docker compose exec -T aa cat /tmp/copy",
    "docker compose cp aa:/tmp/copy back.txt && cat back.txt; docker compose cp aa:/nosuch .",
    "docker compose cp aa:/tmp/copy - | tar -t",
    "docker compose stats --no-stream --format '{{.Name}} {{.PIDs}}'",
    'docker compose events --json > events & sleep 0.5; docker compose restart -t 0 2>/dev/null; docker compose exec -T aa true; sleep 0.5; kill $!; grep -o \'"action":"[a-z_]*\' events | sort -u',
    "docker compose down",
  ),
];

export const resourceCases: readonly CommandCase[] = [
  {
    what: "secrets and configs",
    files: {
      "compose.yaml": `name: app
services:
  aa:
    ${sleeper.replaceAll(", ", "\n    ")}
    secrets: [token, {source: fromenv, target: other}]
    configs: [{source: conf, target: /etc/conf}, {source: inline, target: /etc/inline}]
secrets: {token: {file: ./token.txt}, fromenv: {environment: TOKEN}}
configs: {conf: {file: ./conf.txt}, inline: {content: "said here\\n"}}
`,
      "token.txt": "hidden\n",
      "conf.txt": "set\n",
    },
    lines: [
      "TOKEN=env docker compose up -d",
      "docker compose exec -T aa sh -c 'cat /run/secrets/token /run/secrets/other; echo; cat /etc/conf /etc/inline'",
      "docker compose exec -T aa sh -c 'ls -ln /run/secrets /etc/inline | cut -c1-20'",
      "docker compose exec -T aa sh -c 'echo x > /run/secrets/token'",
      "docker inspect -f '{{range .Mounts}}{{.Type}} {{.Destination}} {{.RW}}{{println}}{{end}}' app-aa-1 | sort",
      "docker compose down",
    ],
  },
  project(
    "networks",
    `
services:
  aa: {${sleeper}, networks: {front: {aliases: [one, two], priority: 10}, back: {ipv4_address: 10.199.3.9, mac_address: "02:42:0a:01:02:03"}}, hostname: hh, domainname: dd.example, extra_hosts: ["other:1.2.3.4"], dns: [9.9.9.9], dns_search: [ex.org]}
  bb: {${sleeper}, networks: [front]}
  nn: {${sleeper}, network_mode: none}
  ss: {${sleeper}, network_mode: "service:aa"}
networks:
  front: {labels: {l: "1"}}
  back: {internal: true, driver_opts: {com.docker.network.bridge.name: rtbr0}, ipam: {driver: default, config: [{subnet: 10.199.3.0/24, gateway: 10.199.3.1}]}}
  there: {external: true, name: nosuch}
`,
    "docker compose up -d",
    "docker compose exec -T bb sh -c 'for n in aa one two app-aa-1; do ping -c 1 $n | head -n 1 | cut -d\" \" -f2; done'",
    "docker compose exec -T aa sh -c 'hostname -f; grep -c 1.2.3.4 /etc/hosts; grep ^search /etc/resolv.conf; cat /sys/class/net/eth*/address | grep -c 0a:01:02:03; ip -4 -o addr | grep -o 10.199.3.9/24'",
    "docker compose exec -T aa sh -c 'cat /etc/resolv.conf | grep -v -e ^# -e ^$ | sort; ping -c 1 bb | head -n 1 | cut -d\" \" -f2'",
    "docker compose exec -T nn ls /sys/class/net",
    "docker compose exec -T ss hostname",
    "docker network inspect -f '{{.Name}} {{.Internal}} {{json .IPAM.Config}} {{json .Options}} {{json .Labels}} {{len .Containers}}' app_front app_back",
    "docker inspect -f '{{range $n, $e := .NetworkSettings.Networks}}{{$n}} {{json $e.Aliases}} {{with $e.IPAMConfig}}{{.IPv4Address}}{{end}} {{json $e.DNSNames}}{{println}}{{end}}' app-aa-1",
    "printf 'services: {aa: {networks: [there]}}' > more.yaml; docker compose -f compose.yaml -f more.yaml up -d aa",
    "docker compose down",
  ),
  project(
    "volumes and mounts",
    `
services:
  aa:
    ${sleeper.replaceAll(", ", "\n    ")}
    read_only: true
    tmpfs: [/run/x:size=1m]
    volumes:
      - data:/data
      - /anonymous
      - ./file.txt:/file.txt:ro
      - {type: bind, source: ./made, target: /made, bind: {create_host_path: true}}
      - {type: tmpfs, target: /t, tmpfs: {size: 1m, mode: 0700}}
      - {type: volume, source: data, target: /part, volume: {nocopy: true}}
  from: {image: bb, command: sleep 1000, stop_grace_period: 0s, volumes: [data:/data]}

volumes: {data: {labels: {v: "1"}}, there: {external: true, name: nosuch}}
`,
    "docker compose up -d",
    "docker compose exec -T aa sh -c 'touch /data/a /made/b /t/c /run/x/d /anonymous/e; touch /root-is-read-only; touch /file.txt; ls /part; stat -c %a /t'",
    "docker compose exec -T from sh -c 'ls /data'",
    "ls made; docker volume ls --format '{{.Driver}}'; docker volume inspect -f '{{json .Labels}} {{json .Options}}' app_data",
    "docker inspect -f '{{range .Mounts}}{{.Type}} {{.Destination}} {{.Mode}} {{.RW}} {{.Propagation}}{{println}}{{end}}' app-aa-1 | sort",
    "docker compose up -d --force-recreate aa; docker compose exec -T aa ls /anonymous",
    "docker compose up -d --force-recreate -V aa; docker compose exec -T aa ls /anonymous",
    "docker compose volumes 2>/dev/null | sort | head -n 3",
    "printf 'services: {aa: {volumes: [there:/there]}}' > more.yaml; docker compose -f compose.yaml -f more.yaml up -d aa",
    "docker compose rm -sfv aa",
    "docker compose down",
    "docker volume ls -q | wc -l; docker compose down -v; docker volume ls -q | wc -l",
  ),
  project(
    "limits, capabilities, kernel settings",
    `
services:
  aa:
    ${sleeper.replaceAll(", ", "\n    ")}
    cap_add: [NET_ADMIN]
    cap_drop: [CHOWN]
    # A soft limit below the hard one may be lost in exec, with any daemon: runc 1.1 raises its own meanwhile.
    ulimits: {nofile: {soft: 1000, hard: 1000}}
    sysctls: {net.core.somaxconn: 100}
    shm_size: 8m
    ipc: private
    privileged: false
    group_add: ["33"]
    devices: ["/dev/null:/dev/other"]
    security_opt: [no-new-privileges]
    oom_score_adj: 100
    logging: {driver: json-file, options: {max-size: 1m}}
    labels: {x: y}
    annotations: {an: "1"}
    stop_signal: KILL
    deploy: {resources: {limits: {memory: 64m, cpus: "0.5", pids: 50}, reservations: {memory: 32m}}, restart_policy: {condition: on-failure, max_attempts: 2}}
`,
    "docker compose up -d",
    "docker compose exec -T aa sh -c 'ulimit -n; cat /proc/sys/net/core/somaxconn; df /dev/shm | tail -n 1 | awk \"{print \\$2}\"; id -G; ls -l /dev/other | cut -c1; grep NoNewPrivs /proc/self/status; cat /proc/self/oom_score_adj'",
    "docker inspect -f '{{json .HostConfig}}' app-aa-1 | tr ',' '\\n' | sed 's/[][{}]//g' | grep -v -e Dns -e '^[^a-z]*$' | sort",
    "docker inspect -f '{{json .Config}}' app-aa-1 | tr ',' '\\n' | grep -v -e compose.config-hash -e working_dir -e config_files | sed 's/[{}]//g' | sort",
    "docker compose down",
  ),
];

export const imageCases: readonly CommandCase[] = [
  {
    what: "build, and up with a build",
    files: {
      "compose.yaml": `name: app
services:
  aa:
    build: {context: ., args: {WHO: compose}, labels: {made: here}, target: last, tags: ["extra:1"]}
    stop_grace_period: 0s
  bb:
    build: {context: ., dockerfile_inline: "FROM bb\\nCMD sleep 1000\\n"}
    image: named:1
    stop_grace_period: 0s
`,
      Dockerfile:
        'FROM bb AS first\nARG WHO\nRUN echo "for $WHO" > /made\n\nFROM bb AS last\nCOPY --from=first /made /made\nCOPY file.txt /f\nCMD sleep 1000\n',
    },
    lines: [
      "docker compose build -q >/dev/null; echo $?",
      "docker images --format '{{.Repository}}:{{.Tag}}' | grep -v none | sort",
      "docker compose up -d --build 2>&1 | grep -e Created -e Started | sort",
      "docker compose exec -T aa cat /made /f",
      "docker inspect -f '{{json .Config.Labels}}' app-aa",
      "docker compose build --build-arg WHO=me aa 2>&1 | grep -c -e Successfully",
      "docker compose up -d 2>&1 | sort; docker compose exec -T aa cat /made",
      "docker compose images",
      "docker compose down --rmi local",
      "docker images --format '{{.Repository}}:{{.Tag}}' | grep -v none | sort",
      "printf 'FROM bb\\nRUN exit 7\\n' > Dockerfile; docker compose build aa 2>&1 | tail -n 1",
      "docker compose --profile '*' build nosuch",
    ],
  },
  project(
    "images that are not there",
    "services: {aa: {image: '127.0.0.1:1/nosuch:1', command: 'true'}, bb: {image: bb, pull_policy: never, command: 'true'}, cc: {image: nosuch, pull_policy: never}}",
    "docker compose pull --ignore-pull-failures -q bb 2>&1 | grep -c .",
    "docker compose up -d bb",
    "docker compose up -d cc",
    "docker compose up -d aa >/dev/null 2>&1; echo $?",
    "docker compose pull aa >/dev/null 2>&1; echo $?",
    "docker compose push bb 2>&1 | tail -n 1 | cut -c1-20",
    "docker compose down",
  ),
  project(
    "config, and files that are wrong",
    `services: {aa: {${sleeper}, environment: {A: "\${NOSUCH:?must be set}"}}}`,
    "docker compose config",
    "NOSUCH=1 docker compose config --hash aa",
    "NOSUCH=1 docker compose config --images",
    "NOSUCH=1 docker compose up -d --dry-run 2>&1 | sort",
    "printf 'services: {aa: {image: bb, nosuch: 1}}' > compose.yaml; docker compose up -d",
    "docker compose -f nosuch.yaml up",
    "docker compose -p other ps; docker compose -p other ls -q",
  ),
];
