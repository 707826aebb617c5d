import { request } from "node:http";
import { text } from "node:stream/consumers";
import { beforeAll, expect, test } from "vitest";
import { runUnchecked } from "../../../src/internal/exec";
import { noFolder } from "../../support/docker-command";
import { useTwoDaemons } from "../docker-cli/two-daemons";
import { readLeftOut } from "./left-out";
import { differenceOf, shapeOf } from "./shape";

const daemons = useTwoDaemons();

/** With everything set that can be, with nothing set, ended, and made by a client that sends the least. */
const containers = `
docker network create --subnet 10.199.8.0/24 --label a=b shape-net
docker volume create --label a=b shape-vol
docker run -d --name full --network shape-net --network-alias alias -p 80 -v shape-vol:/v -v /tmp:/t:ro --tmpfs /s \\
  -e A=1 -l x=y -m 64m --cpus 1 --health-cmd true --health-interval 1s --ulimit nofile=100:200 --restart on-failure:3 \\
  --cap-add NET_ADMIN --add-host h:1.2.3.4 --log-opt max-size=1m bb sleep 1000
docker create --name plain bb
docker run --name ended bb false
docker exec full true
docker create --name gone bb; docker rm gone
sleep 2
`;

beforeAll(async () => {
  for (const { host } of [daemons.ours, daemons.theirs]) {
    const env = { PATH: process.env["PATH"], DOCKER_HOST: host, DOCKER_CONFIG: noFolder };
    await runUnchecked("sh", ["-c", containers], { env, timeoutMs: 60_000 });
    await call(host, "POST", "/containers/create?name=bare", { Image: "bb" });
  }
});

/** As the older of the two speaks: what later versions add is not compared. */
function call(host: string, method: string, path: string, body?: object): Promise<unknown> {
  const headers = { "content-type": "application/json" };
  const options = { socketPath: host.replace("unix://", ""), path: `/v1.41${path}`, method, headers };
  return new Promise((resolve, reject) => {
    request(options, (response) => {
      text(response).then((answer) => {
        const lines = answer.trim().split("\n");
        resolve(lines.length > 1 ? lines.map((line) => JSON.parse(line)) : JSON.parse(answer));
      }, reject);
    })
      .once("error", reject)
      .end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function withNewExec(host: string, path: string): Promise<string> {
  if (!path.includes("NEW")) return path;
  const body = { Cmd: ["echo", "x"], AttachStdout: true, User: "root" };
  return path.replace("NEW", ((await call(host, "POST", "/containers/full/exec", body)) as { readonly Id: string }).Id);
}

/** A health check may just be at it. */
const momentary = "ExecIDs[]";

const later = [/Experimental$/, /SizeRw$/, /Aliases\[\]$/, /IPAM\.Config\[\]\.Gateway$/, /HostConfig\.Runtime$/];

test.each([
  ["container", "running", "/containers/full/json?size=1"],
  ["container", "created", "/containers/plain/json"],
  ["container", "ended", "/containers/ended/json"],
  ["container", "made by a client that sends the least", "/containers/bare/json"],
  ["container", "in a list", "/containers/json?all=1&size=1"],
  ["image", "inspected", "/images/bb/json"],
  ["image", "in a list", "/images/json?all=1"],
  ["history", "of an image", "/images/bb/history"],
  ["network", "inspected", "/networks/shape-net"],
  ["network", "in a list", "/networks"],
  ["volume", "inspected", "/volumes/shape-vol"],
  ["volume", "in a list", "/volumes"],
  ["info", "of the daemon", "/info"],
  ["version", "of the daemon", "/version"],
  ["df", "of everything", "/system/df"],
  ["stats", "of what runs", "/containers/full/stats?stream=0"],
  ["stats", "of what has ended", "/containers/ended/stats?stream=0"],
  ["top", "of what runs", "/containers/full/top"],
  ["changes", "of what has ended", "/containers/ended/changes"],
  ["events", "so far", "/events?since=0&until=SOON"],
  ["exec", "not started yet", "/exec/NEW/json"],
])(
  "%s, %s: the fields are Docker's but for those that are documented [root only: it starts a dockerd]",
  async (answer, _what, path) => {
    const isLeftOut = await readLeftOut();
    const there = path.replace("SOON", String(Math.floor(Date.now() / 1000) + 1));

    const [ours, theirs] = await Promise.all(
      [daemons.ours, daemons.theirs].map(async ({ host }) =>
        shapeOf(await call(host, "GET", await withNewExec(host, there))),
      ),
    );

    const { missing, added, changed } = differenceOf(ours ?? new Map(), theirs ?? new Map());
    expect(theirs?.size).toBeGreaterThan(0);
    expect({
      missing: missing.filter((field) => field !== momentary && !isLeftOut(answer, field)),
      added: added.filter((field) => !later.some((pattern) => pattern.test(field))),
      changed,
    }).toEqual({ missing: [], added: [], changed: [] });
  },
);
