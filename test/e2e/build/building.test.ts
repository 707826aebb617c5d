// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Dockerfiles have variables of that form.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from "vitest";
import { getRuntime } from "../../../src/api/runtime/runtime";
import type { BuildImageRequest } from "../../../src/client/build";
import { deferred } from "../../../src/internal/deferred";
import { hasCode } from "../../../src/internal/errors";
import { run, runUnchecked } from "../../../src/internal/exec";
import { packContext } from "../../support/build/pack-context";
import { noFolder } from "../../support/docker-command";
import { type TestEngine, useTestEngine } from "../../support/engine";
import { saveTestImage } from "../../support/images";
import { storageFolderOf } from "../../support/storage-folder";
import { waitUntil } from "../../support/wait-until";

let engine: TestEngine;

beforeAll(async () => {
  engine = await useTestEngine();
  await getRuntime();
  const folder = await mkdtemp(join(tmpdir(), "runcible-build-"));
  try {
    await saveTestImage("busybox", "bb:latest", join(folder, "image.tar"));
    await engine.client.images.load(createReadStream(join(folder, "image.tar")));
  } finally {
    await rm(folder, { recursive: true });
  }
});
afterAll(() => engine[Symbol.asyncDispose]());

/** However a build ends, nothing of it is left. What a test that failed left would stand in the way of the next one. */
afterEach(async () => {
  const { containers } = engine.client;
  for (const { Id } of await containers.list({ all: true })) await containers.remove(Id, { force: true });
  const left = async (): Promise<readonly string[]> => [
    ...(await readdir(join(await storageFolderOf(engine), "builds"))),
    ...(await readdir(join(await storageFolderOf(engine), "images", "scratch"))),
  ];
  await waitUntil(async () => (await left()).length === 0, 30_000);
  expect(await left()).toEqual([]);
});

interface Built {
  readonly id: string;
  readonly output: string;
}

async function build(
  dockerfile: string,
  files: Readonly<Record<string, string | Buffer>> = {},
  more: Partial<BuildImageRequest> = {},
): Promise<Built> {
  let output = "";
  const id = await engine.client.build.image({
    context: packContext({ Dockerfile: dockerfile, ...files }),
    onProgress: ({ stream = "" }) => {
      output += stream;
    },
    ...more,
  });
  return { id, output };
}

function docker(...args: readonly string[]) {
  const env = { PATH: process.env["PATH"], HOME: noFolder, DOCKER_BUILDKIT: "0" };
  const DOCKER_HOST = `unix://${join(engine.stateFolder, "engine.sock")}`;
  return runUnchecked("docker", args, { env: { ...env, DOCKER_HOST } });
}

/** What a command prints in a container of the image. */
async function printed(image: string, script: string): Promise<string> {
  const { stdout, stderr } = await docker("run", "--rm", "--entrypoint", "sh", image, "-c", script);
  return stdout + stderr;
}

/** For each step, whether it came from the cache. */
function cached(output: string): readonly boolean[] {
  return output
    .split(/^Step /m)
    .slice(1)
    .map((step) => step.includes("Using cache"));
}

test("a changed file repeats the steps that depend on it, and no others", async () => {
  const dockerfile =
    "FROM bb\nCOPY a /a\nRUN cat /a > /a2\nFROM bb\nCOPY b /b\nRUN cat /b > /b2\nCOPY --from=0 /a2 /a2\n";
  const first = await build(dockerfile, { a: "1", b: "1" });

  const same = await build(dockerfile, { a: "1", b: "1" });
  const changed = await build(dockerfile, { a: "1", b: "2" });

  expect(same.id).toBe(first.id);
  expect(cached(same.output)).toEqual([false, true, true, false, true, true, true]);
  expect(cached(changed.output)).toEqual([false, true, true, false, false, false, false]);
  expect(await printed(changed.id, "cat /a2 /b2")).toBe("12");
});

test("a label or a variable that no command sees costs no command", async () => {
  await build("FROM bb\nLABEL a=1\nRUN echo long > /work\n");

  const { output } = await build("FROM bb\nLABEL a=2\nRUN echo long > /work\n");

  expect(cached(output)).toEqual([false, false, true]);
});

test("without cache every step is made anew", async () => {
  const dockerfile = "FROM bb\nRUN cat /proc/sys/kernel/random/uuid > /uuid\n";
  const first = await build(dockerfile);

  const again = await build(dockerfile, {}, { noCache: true });

  expect(again.id).not.toBe(first.id);
  expect((await build(dockerfile)).id).toBe(again.id);
});

test("of two builds at once, one makes the step that both need", async () => {
  const dockerfile = "FROM bb\nRUN cat /proc/sys/kernel/random/uuid > /at-once && sleep 1\n";

  const [left, right] = await Promise.all([build(dockerfile), build(dockerfile)]);

  expect(left?.id).toBe(right?.id);
});

test("stages that do not need each other run at the same time", async () => {
  const meet = (mine: string, other: string): string =>
    `FROM bb\nRUN --mount=type=cache,id=meeting,target=/m touch /m/${mine} && until test -e /m/${other}; do usleep 10000; done && touch /${mine}\n`;

  const { id } = await build(`${meet("a", "b")}${meet("b", "a")}COPY --from=0 /a /a\n`);

  expect(await printed(id, "ls /a /b")).toBe("/a\n/b\n");
});

test("stages that fill one cache at the same time both find all of it, and so does every build to come", async () => {
  const fill =
    "RUN --mount=type=cache,id=filled,from=full,source=/d,target=/m,ro test $(ls /m | wc -l) = 2000 && touch";
  await build("FROM bb\nRUN mkdir /d && cd /d && seq 2000 | xargs touch\n", {}, { tags: ["full"] });

  const { id } = await build(
    `FROM bb\n${fill} /a\nFROM bb\n${fill} /b\nFROM bb\n${fill} /c\nCOPY --from=0 /a /\nCOPY --from=1 /b /\n`,
  );

  expect(await printed(id, "ls /a /b /c")).toBe("/a\n/b\n/c\n");
});

test("a step may lock a cache twice, and steps that lock the same caches in another order wait for each other's end", async () => {
  const lock = (id: string, target: string): string => `--mount=type=cache,id=${id},target=${target},sharing=locked`;
  const alone = "mkdir /l/held /r/held && usleep 100000 && rmdir /l/held /r/held";
  const step = (left: string, right: string): string => `RUN ${lock(left, "/l")} ${lock(right, "/r")} ${alone}`;

  const { id } = await build(
    `FROM bb\nRUN ${lock("one", "/l")} ${lock("one", "/r")} touch /l/file && test -e /r/file && touch /twice\n` +
      `FROM bb\n${step("one", "two")} && touch /a\nFROM bb\n${step("two", "one")} && touch /b\n` +
      "COPY --from=0 /twice /\nCOPY --from=1 /a /\n",
  );

  expect(await printed(id, "ls /twice /a /b")).toBe("/a\n/b\n/twice\n");
});

test("a build that is cancelled while it fills a cache leaves no half of it", async () => {
  const count = 2000;
  const stepOf = (id: string): string =>
    `RUN --mount=type=cache,id=${id},from=large,source=/d,target=/m test $(ls /m | wc -l) = ${count}`;
  await build(`FROM bb\nRUN mkdir /d && cd /d && seq ${count} | xargs touch\n`, {}, { tags: ["large"] });
  /** Whether it was seen at it: on a machine that stands still for a moment, it may be done before. */
  const cancelWhileFilling = async (id: string): Promise<boolean> => {
    const abort = new AbortController();
    const building = build(`FROM bb\n${stepOf(id)}\n`, {}, { signal: abort.signal }).then(
      () => false,
      (error: unknown) => {
        if (!hasCode(error, "aborted")) throw error;
        return true;
      },
    );
    building.catch(() => {});
    let isOver = false;
    const end = (): void => {
      isOver = true;
    };
    void building.then(end, end);
    while (!isOver && (await filesOfHalfCaches()) === 0) await delay(1);
    abort.abort();
    return await building;
  };
  let round = 0;

  while (!(await cancelWhileFilling(`halved-${round}`))) expect(round++).toBeLessThan(10);

  await build(`FROM bb\n${stepOf(`halved-${round}`)}\n`);
});

/** In folders of builds under way, where a cache is filled before it gets its name. */
async function filesOfHalfCaches(): Promise<number> {
  const builds = join(await storageFolderOf(engine), "builds");
  const counts = await Promise.all(
    (await namesIn(builds)).map(async (id) => {
      const places = await namesIn(join(builds, id));
      return await Promise.all(places.map((place) => namesIn(join(builds, id, place, "content"))));
    }),
  );
  return counts.flat(2).length;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return await readdir(folder).catch(() => []);
}

test("a command that fails is told with its place, its output and its exit code", async () => {
  const failed = build("FROM bb\n\nRUN echo almost && exit 7\n");

  await expect(failed).rejects.toMatchObject({
    code: "build-step-failed",
    message: [
      "The command '/bin/sh -c echo almost && exit 7' returned a non-zero code: 7 (Dockerfile:3: RUN echo almost && exit 7)",
      "almost",
    ].join("\n"),
    evidence: { exitCode: 7 },
  });
});

test.each([
  ["a Dockerfile with a mistake", "FROM bb\nNOSUCH\n", "dockerfile parse error on line 2"],
  [
    "a source that is not there",
    "FROM bb\nCOPY nosuch /x\n",
    /COPY nosuch|file not found in build context.*Dockerfile:2/,
  ],
  ["a user that is not there", "FROM bb\nUSER nosuch\nRUN true\n", "unable to find user nosuch"],
  ["a program that is not there", 'FROM bb\nRUN ["/nosuch"]\n', /nosuch.*Dockerfile:2/s],
  ["an empty image", "FROM scratch\n", "No image was generated"],
  ["several files to one", "FROM bb\nCOPY Dockerfile Dockerfile /x\n", "must be a directory and end with a /"],
  [
    "a stage that is not there",
    "FROM bb AS builder\nFROM bb\nCOPY --from=bulder /a /b\n",
    /^there is no earlier stage "bulder" \(did you mean builder\? the earlier stage is 0: builder\), and no image.* \(Dockerfile:3: COPY --from=bulder/s,
  ],
  [
    "a mount of a stage that is not there",
    "FROM bb AS one\nFROM bb\nRUN --mount=from=nosuch,target=/x true\n",
    /^there is no earlier stage "nosuch" \(the earlier stage is 0: one\).*\(Dockerfile:3: RUN/s,
  ],
  [
    "a mount of what is not there",
    "FROM bb\nRUN --mount=type=bind,source=nosuch,target=/x true\n",
    /^RUN --mount=type=bind failed: file not found in build context.*\(Dockerfile:2: RUN/,
  ],
  [
    "a file of a stage that is not there",
    "FROM bb AS one\nFROM bb\nCOPY --from=one /nosuch /x\n",
    /^COPY failed: stat \/nosuch: file does not exist \(Dockerfile:3: COPY/,
  ],
  [
    "a file below a file",
    "FROM bb\nCOPY Dockerfile /etc/passwd/x\n",
    "make folder /etc/passwd: /etc/passwd is not a directory (Dockerfile:2: COPY Dockerfile /etc/passwd/x)",
  ],
  [
    "a working folder that is a file",
    "FROM bb\nWORKDIR /etc/passwd\n",
    "/etc/passwd is not a directory (Dockerfile:2: ",
  ],
  [
    "a trigger with a mistake",
    "FROM bb AS one\nONBUILD NOSUCH\nFROM one\n",
    /unknown instruction: NOSUCH \(Dockerfile:3: NOSUCH\)/,
  ],
  ["no signal", "FROM bb\nSTOPSIGNAL NOSUCH\n", "invalid signal: NOSUCH (Dockerfile:2: STOPSIGNAL NOSUCH)"],
  [
    "a checksum of a file of the context",
    `FROM bb\nADD --checksum=sha256:${"0".repeat(64)} Dockerfile /x\n`,
    /checksum can't be specified for non-HTTP sources.* \(Dockerfile:2: ADD/,
  ],
  ["an agent that nobody has", "FROM bb\nRUN --mount=type=ssh,required=true true\n", "ssh agent default: not given"],
])("%s is refused with its reason", async (_, dockerfile, message) => {
  await expect(build(dockerfile)).rejects.toThrow(message);
});

test("a stage that fails ends the others", async () => {
  const failed = build("FROM bb AS slow\nRUN sleep 1000\nFROM bb\nRUN exit 3\nCOPY --from=slow /x /x\n");

  await expect(failed).rejects.toThrow("non-zero code: 3");
});

test("a step that fails with one of its sources leaves none of the others mounted", async () => {
  const mounts = "--mount=type=bind,source=missing,target=/m --mount=type=bind,from=bb,target=/b";

  const builds = await Promise.allSettled(Array.from({ length: 20 }, () => build(`FROM bb\nRUN ${mounts} true\n`)));

  expect(builds.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => "rejected"));
  expect(await readdir(join(await storageFolderOf(engine), "builds"))).toEqual([]);
});

test("a client that leaves takes its build along", async () => {
  const abort = new AbortController();
  const building = build(
    "FROM bb\nRUN echo begun && sleep 1234\n",
    {},
    {
      signal: abort.signal,
      onProgress: ({ stream }) => {
        if (stream?.includes("begun")) abort.abort();
      },
    },
  );

  await expect(building).rejects.toMatchObject({ code: "aborted" });

  const isGone = async (): Promise<boolean> => !(await run("ps", ["-eo", "args"])).stdout.includes("sleep 1234");
  await waitUntil(isGone, 30_000);
  expect(await isGone()).toBe(true);
});

test("a secret reaches the command and nothing else", async () => {
  const secret = `s3cr3t-${process.pid}-${Date.now()}`;
  const dockerfile = [
    "FROM bb",
    "RUN --mount=type=secret,id=token test $(wc -c < /run/secrets/token) -gt 10 && stat -c %a /run/secrets/token > /mode",
    "RUN --mount=type=secret,id=token,env=TOKEN test ${#TOKEN} -gt 10 && touch /after",
  ].join("\n");

  const { id } = await build(dockerfile, {}, { secrets: new Map([["token", Buffer.from(secret)]]) });

  expect(await printed(id, "cat /mode; ls /run/secrets 2>&1 | tail -1")).toMatch(/^400\n.*No such file/s);
  expect((await runUnchecked("grep", ["-rlF", secret, engine.stateFolder])).stdout).toBe("");
  await expect(build("FROM bb\nRUN --mount=type=secret,id=no,required true\n")).rejects.toThrow("secret no: not found");
});

test("a secret in a variable is not on the disk while its command runs", async () => {
  const secret = `s3cr3t-${process.pid}-${Date.now()}`;
  const abort = new AbortController();
  const begun = deferred();
  const building = build(
    "FROM bb\nRUN --mount=type=secret,id=token,env=TOKEN echo ${#TOKEN} characters && sleep 1000\n",
    {},
    {
      secrets: new Map([["token", Buffer.from(secret)]]),
      signal: abort.signal,
      onProgress: ({ stream }) => {
        if (stream?.includes(`${secret.length} characters`)) begun.resolve();
      },
    },
  );
  await Promise.race([begun.promise, building]);

  const { stdout } = await runUnchecked("grep", ["-rlF", "--devices=skip", secret, engine.stateFolder]);

  abort.abort();
  await expect(building).rejects.toThrow();
  expect(stdout).toBe("");
});

test("nothing in a context leads outside it", async () => {
  const outside = join(engine.stateFolder, "outside");
  const link = (name: string, linkname: string) => ({ name, type: "symlink", linkname }) as const;
  const hostile = packContext({ Dockerfile: "FROM bb\nCOPY . /c/\n" }, [
    link("escape", engine.stateFolder),
    { name: "escape/outside", type: "file" },
    { name: `../../../../../../../..${outside}`, type: "file" },
    { name: outside, type: "file" },
  ]);
  // Refused or tamed: that is the archive reader's choice.
  await engine.client.build.image({ context: hostile }).catch(() => {});

  await expect(stat(outside)).rejects.toThrow("ENOENT");
  const reading = packContext({ Dockerfile: "FROM bb\nCOPY link /x\n" }, [link("link", "/etc/hostname")]);
  await expect(engine.client.build.image({ context: reading })).rejects.toThrow("file not found in build context");
});

test("a link in the image does not lead a COPY out of it", async () => {
  const dockerfile = `FROM bb\nRUN ln -s ${engine.stateFolder} /out && ln -s ${engine.stateFolder}/x /f\nCOPY a /out/leaked\nCOPY a /f\n`;

  const { id } = await build(dockerfile, { a: "1" });

  expect(await readdir(engine.stateFolder)).not.toContain("leaked");
  expect(await printed(id, `cat ${engine.stateFolder}/leaked`)).toBe("1");
});

test("what a command puts in place of a mount's folder leads nowhere", async () => {
  const outside = await mkdtemp(join(tmpdir(), "runcible-outside-"));
  onTestFinished(() => rm(outside, { recursive: true }));
  await run("touch", ["-d", "2001-02-03", join(outside, "victim"), outside]);
  const mount = "--mount=type=tmpfs,target=/a/b/victim --mount=type=tmpfs,target=/etc/c/victim";

  const { id } = await build(
    `FROM bb\nRUN ${mount} mv /a /x && mkdir /a && ln -s ${outside} /a/b && mv /etc/c /y && ln -s ${outside} /etc/c\n`,
  );

  expect(await readdir(outside)).toEqual(["victim"]);
  expect((await stat(outside)).mtime.getFullYear()).toBe(2001);
  expect(await printed(id, "readlink /a/b; readlink /etc/c")).toBe(`${outside}\n`.repeat(2));
});

test("ADD unpacks archives of each kind, and nothing else", async () => {
  const folder = await mkdtemp(join(tmpdir(), "runcible-archives-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await run(
    "sh",
    [
      "-c",
      "echo 1 > a && chmod 640 a && for z in '' z j J; do tar -c${z}f $z.t --owner=7 --group=8 --numeric-owner a; done && zstd -q .t -o s.t",
    ],
    {
      cwd: folder,
    },
  );
  const archives = await Promise.all(["", "z", "j", "J", "s"].map((name) => readFile(join(folder, `${name}.t`))));
  const files = Object.fromEntries(archives.map((content, index) => [`${index}.t`, content]));

  const { id } = await build(
    "FROM bb\nADD 0.t /0/\nADD 1.t /1/\nADD 2.t /2/\nADD 3.t /3/\nADD 4.t /s/\nADD n.gz 0.t /4/\n",
    { ...files, "n.gz": gzipSync("not a tar") },
  );

  const script = "cat /0/a /1/a /2/a /3/a /s/a /4/a; stat -c '%a %u %g' /3/a; ls /4";
  expect(await printed(id, script)).toBe("1\n1\n1\n1\n1\n1\n640 7 8\na\nn.gz\n");
});

test("ADD of a URL checks its digest and follows redirects", async () => {
  const server = createServer((request, response) => {
    if (request.url === "/old") response.writeHead(302, { location: "/files/new.txt" }).end();
    else if (request.url === "/nowhere") response.writeHead(302, { location: "http://:" }).end();
    else if (request.url === "/files/new.txt" || request.url?.includes("%2F")) response.end("fetched\n");
    else response.writeHead(404).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const digest = `sha256:${createHash("sha256").update("fetched\n").digest("hex")}`;

  const { id } = await build(
    `FROM bb\nADD --checksum=${digest} --chmod=640 ${url}/old /d/\nADD ${url}/old /x\nADD ${url}/a%2F..%2Fb /d/\n`,
  );

  expect(await printed(id, "cat /d/new.txt /x /d/b; stat -c %a /d/new.txt /x")).toBe(
    "fetched\nfetched\nfetched\n640\n600\n",
  );
  await expect(build(`FROM bb\nADD ${url}/a%2F.. /d/\n`)).rejects.toThrow("cannot determine a file name");
  await expect(build(`FROM bb\nADD ${url}/a%2Fb%00 /d/\n`)).rejects.toThrow("cannot determine a file name");
  await expect(build(`FROM bb\nADD ${url}/nowhere /x\n`)).rejects.toThrow("redirects too often or elsewhere");
  await expect(build(`FROM bb\nADD --checksum=sha256:${"0".repeat(64)} ${url}/old /x\n`)).rejects.toThrow("digest");
  await expect(build("FROM bb\nADD http://: /x\n")).rejects.toThrow("it is no URL");
  await expect(build(`FROM bb\nADD ${url}/none /x\n`)).rejects.toThrow("with status 404 (Dockerfile:2");
});

test("a password in a URL opens what ADD fetches, and is in no progress, history or error", async () => {
  const authorization = `Basic ${Buffer.from("me:s3cr%t").toString("base64")}`;
  const server = createServer((request, response) => {
    if (request.headers.authorization !== authorization) response.writeHead(401).end();
    else if (request.url === "/none") response.writeHead(404).end();
    else response.end("fetched\n");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const url = `http://me:s3cr%25t@127.0.0.1:${(server.address() as AddressInfo).port}`;

  const parent = await build(
    `FROM bb\nARG PLACE=${url}\nADD ${url}/a $PLACE/b /\nONBUILD ADD ${url}/c /\n`,
    {},
    {
      tags: ["parent"],
    },
  );
  const child = await build(`FROM parent\nRUN echo ${url} > /d\n`);
  const failed = [`ADD ${url}/none /x`, `RUN echo ${url}; exit 3`].map((step) => build(`FROM bb\n${step}\n`));
  const errors = await Promise.allSettled(failed);

  expect(await printed(child.id, "cat /a /b /c /d")).toBe(`fetched\nfetched\nfetched\n${url}\n`);
  const history = (await docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", child.id)).stdout;
  expect(history.match(/http:\/\/me:xxxxx@127/g)).toHaveLength(3);
  const said = errors.map((error) => (error.status === "rejected" ? error.reason.message : "built"));
  expect(said).toEqual([expect.stringContaining("with status 404"), expect.stringContaining("code: 3")]);
  const [ofAdd = "", ofRun = ""] = said;
  // What a command prints is its own affair.
  for (const text of [parent.output, child.output, history, ofAdd, ofRun.split("\n")[0]]) {
    expect(text).toContain("me:xxxxx@");
    expect(text).not.toContain("s3cr");
  }
});

test("triggers of a base image are carried out, and not handed on", async () => {
  await build("FROM bb\nONBUILD COPY a /a\nONBUILD RUN cat /a > /b\n", {}, { tags: ["parent"] });

  const { id, output } = await build("FROM parent\nRUN cat /b > /c\n", { a: "1" });

  expect(output).toContain("# Executing 2 build triggers");
  expect(await printed(id, "cat /c")).toBe("1");
  const { Config } = await engine.client.images.inspect(id);
  expect(Config.OnBuild).toBeNull();
});

test("layers are stored as what their digests say", async () => {
  const { id } = await build(
    "FROM bb\nRUN mkdir -p /a/b && echo 1 > /a/b/c\nRUN rm -r /a && mkdir /a && rm /etc/group\n",
  );

  const storageFolder = await storageFolderOf(engine);
  const blob = (digest: string): string => join(storageFolder, "images/blobs/sha256", digest.slice(7));
  const { RootFS } = await engine.client.images.inspect(id);
  const cacheFolder = join(storageFolder, "build-cache/steps");
  const steps = await Promise.all(
    (await readdir(cacheFolder)).map((name) => readFile(join(cacheFolder, name), "utf8")),
  );
  const made = steps.map((text) => JSON.parse(text).layer).filter((layer) => RootFS.Layers.includes(layer?.diffId));
  expect(made).toHaveLength(2);
  for (const { diffId, descriptor } of made) {
    const packed = await readFile(blob(descriptor.digest));
    expect(`sha256:${createHash("sha256").update(packed).digest("hex")}`).toBe(diffId);
    expect(descriptor).toEqual({
      mediaType: "application/vnd.oci.image.layer.v1.tar",
      digest: diffId,
      size: packed.length,
    });
  }
  const last = made.find(({ diffId }) => diffId === RootFS.Layers.at(-1));
  const { stdout } = await run("tar", ["--list", "--file", blob(last?.descriptor.digest)]);
  expect(stdout.trim().split("\n")).toEqual(["a/", "a/.wh..wh..opq", "etc/", "etc/.wh.group"]);
});

test("a forgotten cache frees its layers, and the next build makes them anew", async () => {
  const dockerfile = "FROM bb\nRUN dd if=/dev/urandom of=/big bs=1M count=1 2> /dev/null\n";
  const { id } = await build(dockerfile, {}, { tags: ["pruned"] });
  expect((await docker("rmi", "pruned")).exitCode).toBe(0);

  const { stdout } = await docker("builder", "prune", "--force");

  expect(stdout).toMatch(/Total reclaimed space: [1-9]/);
  const again = await build(dockerfile);
  expect(again.id).not.toBe(id);
  expect(cached(again.output)).toEqual([false, false]);
});

test("docker build -q prints the id, and its exit code is the command's", async () => {
  const folder = await mkdtemp(join(tmpdir(), "runcible-build-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const from = (dockerfile: string) =>
    run("sh", ["-c", "cat > Dockerfile"], { cwd: folder, input: dockerfile }).then(() => docker("build", "-q", folder));

  expect((await from("FROM bb\nENV A=1\n")).stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
  expect(await from("FROM bb\nRUN exit 9\n")).toMatchObject({
    exitCode: 9,
    stderr: expect.stringContaining("code: 9"),
  });
});

test("an image of a container has what it wrote, and says what it is told to", async () => {
  await docker("run", "--name", "author", "-e", "A=1", "-v", "/vol", "bb", "sh", "-c", "echo 1 > /a; rm /etc/group");

  const changes = ["-c", 'CMD ["cat", "/a"]', "-c", "ENV B=$A", "-m", "made by hand", "-a", "somebody"];
  const { stdout } = await docker("commit", ...changes, "author", "committed:1");

  expect(stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
  expect((await docker("run", "--rm", "committed:1")).stdout).toBe("1\n");
  expect(await printed("committed:1", "ls /etc/group; echo $A")).toContain("No such file");
  expect((await docker("history", "committed:1", "--format", "{{.Comment}}")).stdout).toContain("made by hand");
  expect((await engine.client.images.inspect("committed:1")).Config).toMatchObject({ Cmd: ["cat", "/a"] });
  expect((await docker("diff", "author")).stdout).toContain("A /a");
  await docker("rm", "-f", "-v", "author");
});

test("a client that leaves takes along what it was making an image of, and the container goes on", async () => {
  const write = "head -c 150000000 /dev/urandom > /noise; echo written; sleep 1000";
  const { stdout } = await docker("run", "-d", "--name", "large", "bb", "sh", "-c", write);
  await waitUntil(async () => (await docker("logs", "large")).stdout === "written\n", 60_000);
  // With fuse-overlayfs, the mount is a process of that name as well.
  const packing = new RegExp(`^tar .*${stdout.trim()}/upper`, "m");
  const isPacking = async (): Promise<boolean> => packing.test((await run("ps", ["-eo", "args"])).stdout);
  const asked = request({
    socketPath: join(engine.stateFolder, "engine.sock"),
    ...{ method: "POST", path: "/commit?container=large&repo=never" },
  });
  asked.on("error", () => {});
  asked.end();
  expect(await waitUntil(isPacking, 30_000)).toBe(true);

  asked.destroy();

  expect(await waitUntil(async () => !(await isPacking()), 30_000)).toBe(true);
  await waitUntil(
    async () => (await docker("inspect", "-f", "{{.State.Status}}", "large")).stdout === "running\n",
    30_000,
  );
  expect((await docker("inspect", "-f", "{{.State.Status}}", "large")).stdout).toBe("running\n");
  expect((await docker("image", "inspect", "never")).exitCode).toBe(1);
  await docker("rm", "-f", "large");
});

test("a running container can be made an image and goes on", async () => {
  await docker("run", "-d", "--name", "runs", "bb", "sh", "-c", "echo 1 > /a; while true; do usleep 10000; done");

  expect((await docker("commit", "runs", "of-running")).exitCode).toBe(0);

  expect((await docker("inspect", "-f", "{{.State.Status}}", "runs")).stdout).toBe("running\n");
  await docker("rm", "-f", "runs");
});
