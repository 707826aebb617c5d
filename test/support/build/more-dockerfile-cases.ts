// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Dockerfiles have variables of that form.
import type { DockerfileCase } from "./dockerfile-case";

const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** What a step changes of layers below it. */
export const changing: readonly DockerfileCase[] = [
  {
    name: "a file of the base that changes only its mode is in the layer",
    dockerfile: "FROM bb\nRUN echo x > /f && chmod 600 /f\nRUN chmod 751 /f\n",
    tree: ["-0751 0:0 f = x"],
  },
  {
    name: "a file of a lower layer that changes only its owner is in the layer",
    dockerfile: "FROM bb\nRUN echo x > /f\nRUN chown 5:6 /f\n",
    tree: ["-0644 5:6 f = x"],
  },
  {
    name: "a folder that is emptied and filled anew",
    dockerfile: "FROM bb\nRUN mkdir /d && touch /d/a /d/b\nRUN rm /d/* && touch /d/c\n",
    tree: ["d0755 0:0 d/", "-0644 0:0 d/c = "],
  },
  {
    name: "a folder becomes a link",
    dockerfile: "FROM bb\nRUN mkdir -p /d/e && touch /d/e/a\nRUN rm -r /d && ln -s /tmp /d\n",
    tree: ["l 0:0 d -> /tmp"],
  },
  {
    name: "a link becomes a folder",
    dockerfile: "FROM bb\nRUN ln -s /tmp /d\nRUN rm /d && mkdir /d && touch /d/a\n",
    tree: ["d0755 0:0 d/", "-0644 0:0 d/a = "],
  },
  {
    name: "a file becomes a folder and a file again",
    dockerfile: "FROM bb\nRUN touch /x\nRUN rm /x && mkdir /x && touch /x/y\nRUN rm -r /x && echo 2 > /x\n",
    tree: ["-0644 0:0 x = 2"],
  },
  {
    name: "a file that is deleted and written again",
    dockerfile: "FROM bb\nRUN echo 1 > /a\nRUN rm /a\nRUN echo 2 > /a\n",
    tree: ["-0644 0:0 a = 2"],
  },
  {
    name: "a file with blanks, a quote and letters of other alphabets",
    dockerfile: "FROM bb\nRUN echo 1 > \"/a b\" && echo 2 > /it\\'s && echo 3 > /ünïcode\nRUN rm /it\\'s\n",
    tree: ["-0644 0:0 a b = 1", "-0644 0:0 ünïcode = 3"],
  },
  {
    name: "a name of a hundred and more letters",
    dockerfile: `FROM bb\nRUN mkdir -p /${"d".repeat(90)} && echo 1 > /${"d".repeat(90)}/${"f".repeat(120)}\n`,
    tree: [`d0755 0:0 ${"d".repeat(90)}/`, `-0644 0:0 ${"d".repeat(90)}/${"f".repeat(120)} = 1`],
  },
];

/** COPY once more. */
export const copyingMore: readonly DockerfileCase[] = [
  {
    name: "COPY over a file takes the new mode",
    files: { a: "755 new" },
    dockerfile: "FROM bb\nRUN echo old > /a && chmod 600 /a\nCOPY a /a\n",
    tree: ["-0755 0:0 a = new"],
  },
  {
    name: "COPY with --chown by numbers",
    files: { "d/a": "1" },
    dockerfile: "FROM bb\nCOPY --chown=7:8 d /d/\n",
    tree: ["d0755 7:8 d/", "-0644 7:8 d/a = 1"],
    buildahDiffers: "it leaves the folder it makes to root",
  },
  {
    name: "COPY of hidden files, and .dockerignore with exceptions",
    files: {
      ".a": "1",
      "b.tmp": "2",
      "keep.tmp": "3",
      "d/c.tmp": "4",
      ".dockerignore": "**/*.tmp\n!keep.tmp\n.dockerignore\nDockerfile\n",
    },
    dockerfile: "FROM bb\nCOPY . /x/\n",
    tree: ["d0755 0:0 x/", "-0644 0:0 x/.a = 1", "d0755 0:0 x/d/", "-0644 0:0 x/keep.tmp = 3"],
  },
  {
    name: "COPY into an image that has nothing",
    files: { a: "1" },
    dockerfile: "FROM bb AS base\nFROM scratch\nCOPY --from=base / /\nCOPY a /a\n",
    tree: ["-0644 0:0 a = 1"],
    buildahDiffers: "its chroot leaves folders of its own in the copied root",
  },
  {
    name: "COPY keeps names of one file together",
    dockerfile: [
      "FROM bb AS one",
      "RUN mkdir -p /x/t && echo 1 > /x/a && ln /x/a /x/t/b",
      "FROM bb",
      "COPY --from=one /x /d/",
      "RUN test /d/a -ef /d/t/b && echo one > /n",
    ].join("\n"),
    tree: ["d0755 0:0 d/", "-0644 0:0 d/a = 1", "d0755 0:0 d/t/", "-0644 0:0 d/t/b = 1", "-0644 0:0 n = one"],
  },
  {
    name: "COPY with a pattern that fits nothing",
    files: { a: "1" },
    dockerfile: "FROM bb\nCOPY nothing* /d/\nCOPY a nothing* /e/\n",
    tree: ["d0755 0:0 e/", "-0644 0:0 e/a = 1"],
    buildahDiffers: "it fails",
    classicDiffers: "it fails",
  },
  {
    name: "COPY of a heredoc with escapes",
    dockerfile: "FROM bb\nENV A=1\nCOPY <<E /a\n'\\$A' \"\\n$A\" it's \\\\. $(x)\nE\n",
    tree: ["-0644 0:0 a = '$A' \"n1\" it's \\. $(x)"],
    buildahDiffers: "its version in Debian does not know it",
  },
  {
    name: "COPY of one file to a name in a folder that lacks",
    files: { a: "1" },
    dockerfile: "FROM bb\nCOPY a /p/q/r\n",
    tree: ["d0755 0:0 p/", "d0755 0:0 p/q/", "-0644 0:0 p/q/r = 1"],
  },
  {
    name: "COPY from a stage that goes on from another",
    dockerfile:
      "FROM bb AS one\nRUN echo 1 > /a\nFROM one AS two\nRUN echo 2 > /b\nFROM bb\nCOPY --from=two /a /b /d/\n",
    tree: ["d0755 0:0 d/", "-0644 0:0 d/a = 1", "-0644 0:0 d/b = 2"],
  },
];

/** Configuration once more. */
export const configuringMore: readonly DockerfileCase[] = [
  {
    name: "what follows a list is passed over",
    dockerfile: 'FROM bb\nRUN ["sh", "-c", "echo ] > /a"] # why\nCMD ["a", "b"] # how\n',
    tree: ["-0644 0:0 a = ]"],
    config: { Cmd: ["a", "b"] },
  },
  {
    name: "variables that a shell alone sets are empty",
    dockerfile: "FROM bb\nENV A=$$ B=a$$b C=$@$12c\n",
    tree: [],
    config: { Env: [path, "A=", "B=ab", "C=c"] },
    buildahDiffers: "it takes a dollar without a name for itself",
  },
  {
    name: "HEALTHCHECK with what is the default anyway",
    dockerfile: 'FROM bb\nHEALTHCHECK --interval=0s --retries=0 CMD ["a", "b c"]\n',
    tree: [],
    config: { Healthcheck: { Test: ["CMD", "a", "b c"] } },
    buildahDiffers: "its version in Debian refuses an interval of nothing",
    classicDiffers: "it refuses an interval of nothing",
    buildKitDiffers: "of Docker 20.10: it refuses an interval of nothing",
  },
  {
    name: "ENV sees what was set before its line, not on it",
    dockerfile: "FROM bb\nENV A=1\nENV A=2 B=$A\nENV C=${NONE:-d} D=${A:+set} E=${B}x\n",
    tree: [],
    config: { Env: [path, "A=2", "B=1", "C=d", "D=set", "E=1x"] },
  },
  {
    name: "ARG with a default made of another",
    args: ["--build-arg", "VERSION=9"],
    dockerfile: "FROM bb\nARG VERSION=1\nARG FILE=v$VERSION.txt\nRUN echo $FILE > /a\n",
    tree: ["-0644 0:0 a = v9.txt"],
  },
  {
    name: "an ARG of before FROM has its value in a stage that asks for it",
    dockerfile: "ARG V=7\nFROM bb\nARG V\nRUN echo $V > /a\n",
    tree: ["-0644 0:0 a = 7"],
  },
  {
    name: "WORKDIR step by step, with a variable",
    dockerfile: "FROM bb\nENV D=two\nWORKDIR /one\nWORKDIR $D\nWORKDIR ../three\nRUN pwd > a\n",
    tree: ["d0755 0:0 one/", "d0755 0:0 one/three/", "-0644 0:0 one/three/a = /one/three", "d0755 0:0 one/two/"],
    config: { WorkingDir: "/one/three" },
  },
  {
    name: "CMD and ENTRYPOINT as lines for the shell",
    dockerfile: "FROM bb\nENTRYPOINT echo $HOME\nCMD one two\n",
    tree: [],
    config: { Entrypoint: ["/bin/sh", "-c", "echo $HOME"], Cmd: ["/bin/sh", "-c", "one two"] },
  },
  {
    name: "VOLUME as a list and as words",
    dockerfile: 'FROM bb\nRUN mkdir "/a b" /c /d /e\nVOLUME ["/a b", "/c"]\nVOLUME /d /e\n',
    tree: ["d0755 0:0 a b/", "d0755 0:0 c/", "d0755 0:0 d/", "d0755 0:0 e/"],
    config: { Volumes: { "/a b": {}, "/c": {}, "/d": {}, "/e": {} } },
  },
  {
    name: "USER with numbers, and a WORKDIR made after it is that user's",
    dockerfile: "FROM bb\nUSER 7:8\nWORKDIR /w\n",
    tree: ["d0755 7:8 w/"],
    config: { User: "7:8", WorkingDir: "/w" },
    classicDiffers: "it is root's",
  },
  {
    name: "STOPSIGNAL and EXPOSE of variables",
    args: ["--build-arg", "S=SIGINT"],
    dockerfile: "FROM bb\nARG S\nENV P=81\nSTOPSIGNAL $S\nEXPOSE ${P}/tcp\n",
    tree: [],
    config: { StopSignal: "SIGINT", ExposedPorts: { "81/tcp": {} } },
  },
  {
    name: "LABEL of several lines and quotes",
    dockerfile: 'FROM bb\nLABEL one="a b" \\\n  two=c\\ d \\\n  "three four"=\'$x\'\n',
    tree: [],
    config: { Labels: { one: "a b", two: "c d", "three four": "$x" } },
  },
];
