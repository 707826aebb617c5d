import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { getRuntime } from "../../../src/api/runtime/runtime";
import { busyboxImage } from "../../integration/api/busybox-image";
import { type DockerCommand, dockerOn, must, noFolder } from "../../support/docker-command";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";
import { openTerminal, type Terminal } from "../../support/terminal";

const engine = useNewEngineOfThisFile();
let docker: DockerCommand;
let host: string;
let image: string;

beforeAll(async () => {
  await getRuntime();
  host = `unix://${join(engine.stateFolder, "engine.sock")}`;
  docker = dockerOn(host);
  image = await busyboxImage();
});

async function terminal(line: string): Promise<Terminal> {
  const opened = await openTerminal(line, { DOCKER_HOST: host, DOCKER_CONFIG: noFolder });
  onTestFinished(() => opened[Symbol.asyncDispose]());
  return opened;
}

async function container(...args: readonly string[]): Promise<string> {
  const id = await must(docker, "run", "-d", ...args);
  onTestFinished(async () => void (await docker(["rm", "-f", id])));
  return id;
}

test("docker run -it: a prompt, echo, colours of a terminal, Ctrl-C, and the exit code", async () => {
  const tty = await terminal(`docker run --rm -it ${image} sh`);

  await tty.see(/[#$] *$/m);
  await tty.type("test -t 0 && test -t 1 && tty");
  await tty.see("/dev/pts/0");
  await tty.type("stty size");
  await tty.see("24 80");
  await tty.type("sleep 1000");
  await tty.press("C-c");
  await tty.type("echo after $((40 + 2))");
  await tty.see("after 42");
  await tty.type("exit 5");
  await tty.see("[ended 5]");
});

/**
 * Changes the window until the container's terminal has its size. The docker CLI listens for changes only once it has
 * told the first size, a moment after the prompt is there: what it misses, a person would do again.
 */
async function expectSize(tty: Terminal, columns: number, rows: number): Promise<void> {
  await expect
    .poll(
      async () => {
        // tmux tells of a second change only when a quarter of a second has passed.
        await tty.resize(columns - 1, rows);
        await delay(500);
        await tty.resize(columns, rows);
        await delay(500);
        await tty.type("clear; stty size");
        await delay(500);
        return await tty.screen();
      },
      { timeout: 60_000 },
    )
    .toContain(`${rows} ${columns}`);
}

test("a window that changes its size changes that of the container's terminal", async () => {
  const tty = await terminal(`docker run --rm -it ${image} sh`);
  await tty.see(/[#$] *$/m);

  await expectSize(tty, 100, 30);
  await tty.type("exit");
  await tty.see("[ended 0]");
});

test("docker exec -it beside the container's own terminal, with the size of the window", async () => {
  const id = await container(image, "sleep", "1000");
  const tty = await terminal(`docker exec -it -e WHO=me ${id} sh`);

  await tty.see(/[#$] *$/m);
  await tty.type("stty size; echo I am $WHO");
  await tty.see("I am me");
  expect(await tty.screen()).toContain("24 80");
  await expectSize(tty, 120, 40);
  await tty.type("exit 7");
  await tty.see("[ended 7]");
});

test("detach keys leave the container running, and attach comes back to it", async () => {
  const id = await container("-it", image, "sh");
  const first = await terminal(`docker attach ${id}`);
  await first.press("Enter");
  await first.see(/[#$] *$/m);
  await first.type("kept=here");
  await first.press("C-p", "C-q");
  await first.see("read escape sequence");

  expect(await must(docker, "inspect", "-f", "{{.State.Status}}", id)).toBe("running");
  const second = await terminal(`docker attach --detach-keys ctrl-x,x ${id}`);
  await second.type("echo still $kept");
  await second.see("still here");
  await second.press("C-x", "x");
  await second.see("read escape sequence");
  expect(await must(docker, "inspect", "-f", "{{.State.Status}}", id)).toBe("running");
});

test("two terminals on one container see the same", async () => {
  const id = await container("-it", image, "sh");
  const [one, two] = [await terminal(`docker attach ${id}`), await terminal(`docker attach ${id}`)];
  await one.press("Enter");
  await two.see(/[#$] *$/m);

  await one.type("echo typed in $((1 + 0)) place");
  await one.see("typed in 1 place");
  await two.see("typed in 1 place");
  await two.type("exit 3");
  await one.see("[ended 3]");
  await two.see("[ended 3]");
});

test("a program that draws the whole screen, left with a key", async () => {
  const tty = await terminal(`docker run --rm -it ${image} sh -c "seq 200 | more; echo left"`);

  await tty.see("--More--");
  await tty.press("q");
  await tty.see("left");
  await tty.see("[ended 0]");
});

test("a terminal whose client is killed: the container goes on, and its output is kept", async () => {
  const tty = await openTerminal(`docker run -it --name survivor ${image} sh -c "sleep 2; echo survived; sleep 1000"`, {
    DOCKER_HOST: host,
    DOCKER_CONFIG: noFolder,
  });
  onTestFinished(async () => void (await docker(["rm", "-f", "survivor"])));
  await expect
    .poll(async () => (await docker(["ps", "-q", "--filter", "name=survivor"])).stdout, { timeout: 10_000 })
    .not.toBe("");
  await tty[Symbol.asyncDispose]();

  await expect.poll(async () => (await docker(["logs", "survivor"])).stdout, { timeout: 10_000 }).toContain("survived");
});

test("a program that says two lines and ends at once has the line ends of a terminal, each time", async () => {
  const id = await container(image, "sleep", "1000");
  const said: string[] = [];

  // Several at once, as what must not be seen is a race.
  const lane = async (): Promise<void> => {
    for (let count = 0; count < 25; count++) said.push((await docker(["exec", "-t", id, "printf", "1\\n2\\n"])).stdout);
  };
  await Promise.all([lane(), lane(), lane(), lane()]);

  expect(said).toEqual(Array.from({ length: 100 }, () => "1\r\n2\r\n"));
});
