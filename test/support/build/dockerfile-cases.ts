// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Dockerfiles have variables of that form.
import type { DockerfileCase } from "./dockerfile-case";
import { changing, configuringMore, copyingMore } from "./more-dockerfile-cases";

const env = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const running: readonly DockerfileCase[] = [
  {
    name: "RUN in shell form writes a file",
    dockerfile: "FROM bb\nRUN echo one > /made && chmod 600 /made\n",
    tree: ["-0600 0:0 made = one"],
    history: ["/bin/sh -c echo one > /made && chmod 600 /made"],
  },
  {
    name: "RUN as a list uses no shell",
    dockerfile: 'FROM bb\nRUN ["touch", "/$HOME"]\n',
    tree: ["-0644 0:0 $HOME = "],
  },
  {
    name: "steps that write nothing, one after the other, all have the same layer",
    dockerfile: "FROM bb\nRUN true\nRUN :\nRUN echo 1 > /a\nRUN true\nRUN cat /a\n",
    tree: ["-0644 0:0 a = 1"],
  },
  {
    name: "a RUN that writes nothing leaves no trace of its mounts",
    dockerfile: "FROM bb\nRUN true\n",
    tree: [],
  },
  {
    name: "what a later RUN deletes is gone",
    dockerfile: "FROM bb\nRUN mkdir /d && touch /d/a /d/b\nRUN rm /d/a\n",
    tree: ["d0755 0:0 d/", "-0644 0:0 d/b = "],
  },
  {
    name: "a folder that is replaced hides what it had",
    dockerfile: "FROM bb\nRUN mkdir /d && touch /d/a\nRUN rm -r /d && mkdir /d && touch /d/b\n",
    tree: ["d0755 0:0 d/", "-0644 0:0 d/b = "],
  },
  {
    name: "a folder that is renamed takes its content along",
    dockerfile: "FROM bb\nRUN mkdir /d && echo a > /d/a\nRUN mv /d /e\n",
    tree: ["d0755 0:0 e/", "-0644 0:0 e/a = a"],
  },
  {
    name: "hard links, links and set-id bits survive",
    dockerfile:
      "FROM bb\nRUN mkdir /d && cd /d && echo x > a && ln a b && ln -s a c && chmod 4755 a\nRUN test /d/a -ef /d/b && echo same > /n\n",
    tree: ["d0755 0:0 d/", "-4755 0:0 d/a = x", "-4755 0:0 d/b = x", "l 0:0 d/c -> a", "-0644 0:0 n = same"],
  },
  {
    name: "a line is continued past comments and empty lines",
    dockerfile: "FROM bb\nRUN echo a \\\n  # not this\n\n  b > /made\n",
    tree: ["-0644 0:0 made = a b"],
  },
  {
    name: "another escape character",
    dockerfile: "# escape=`\nFROM bb\nRUN echo a `\n  b\\c > /made\n",
    tree: ["-0644 0:0 made = a bc"],
  },
  {
    name: "a heredoc is a script",
    dockerfile: 'FROM bb\nRUN <<EOF\necho "a $HOME" > /made\necho b >> /made\nEOF\n',
    tree: ["-0644 0:0 made = a /root|b"],
    buildahDiffers: "its version in Debian does not know it",
  },
  {
    name: "a heredoc with its own interpreter",
    dockerfile: "FROM bb\nRUN <<EOF\n#!/bin/sh -e\necho $0 > /made\nEOF\n",
    tree: ["-0644 0:0 made = /dev/pipes/EOF"],
    buildahDiffers: "it puts the script elsewhere",
  },
  {
    name: "a heredoc feeds a command",
    dockerfile: "FROM bb\nRUN cat <<EOF > /made && echo end >> /made\none\n\ttwo\nEOF\n",
    tree: ["-0644 0:0 made = one|\ttwo|end"],
    buildahDiffers: "its version in Debian does not know it",
  },
  {
    name: "RUN as another user",
    dockerfile: "FROM bb\nRUN mkdir -m 777 /d\nUSER 7:8\nRUN touch /d/a && id -u > /d/u\n",
    tree: ["d0777 0:0 d/", "-0644 7:8 d/a = ", "-0644 7:8 d/u = 7"],
    config: { User: "7:8" },
  },
  {
    name: "SHELL changes the shell of RUN and CMD",
    dockerfile: 'FROM bb\nSHELL ["/bin/sh", "-ec"]\nRUN case $- in *e*) echo e > /made;; esac\nCMD echo hi\n',
    tree: ["-0644 0:0 made = e"],
    config: { Shell: ["/bin/sh", "-ec"], Cmd: ["/bin/sh", "-ec", "echo hi"] },
    history: ['/bin/sh -ec #(nop)  CMD ["/bin/sh" "-ec" "echo hi"]'],
    buildahDiffers: "its CMD stays with the default shell",
  },
  {
    name: "ENV reaches RUN, and RUN's network has a loopback",
    dockerfile: 'FROM bb\nENV A="x y" B=$PATH\nRUN echo "$A" > /made && grep -c lo: /proc/net/dev >> /made\n',
    tree: ["-0644 0:0 made = x y|1"],
    config: { Env: [env, "A=x y", `B=${env.slice(5)}`] },
  },
  {
    name: "RUN without network",
    dockerfile: "FROM bb\nRUN --network=none tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ' > /made\n",
    tree: ["-0644 0:0 made = lo"],
    buildahDiffers: "its version in Debian does not know it",
  },
];

const copying: readonly DockerfileCase[] = [
  {
    name: "COPY of a file to a file and into a folder",
    files: { a: "1", b: "600 2" },
    dockerfile: "FROM bb\nCOPY a /x\nCOPY a b /d/\n",
    tree: ["d0755 0:0 d/", "-0644 0:0 d/a = 1", "-0600 0:0 d/b = 2", "-0644 0:0 x = 1"],
  },
  {
    name: "COPY of a folder brings its content",
    files: { "src/a": "1", "src/sub/b": "2" },
    dockerfile: "FROM bb\nCOPY src /app\n",
    tree: ["d0755 0:0 app/", "-0644 0:0 app/a = 1", "d0755 0:0 app/sub/", "-0644 0:0 app/sub/b = 2"],
  },
  {
    name: "COPY into a folder that is there",
    files: { a: "1" },
    dockerfile: "FROM bb\nRUN mkdir -m 700 /d\nCOPY a /d\n",
    tree: ["d0700 0:0 d/", "-0644 0:0 d/a = 1"],
  },
  {
    name: "COPY of everything leaves out what .dockerignore names",
    files: {
      ".dockerignore": "*.log\n!keep.log\nDockerfile\n.dockerignore\n",
      "a.log": "1",
      "keep.log": "2",
      "s/b.log": "3",
    },
    dockerfile: "FROM bb\nCOPY . /d/\n",
    tree: ["d0755 0:0 d/", "-0644 0:0 d/keep.log = 2", "d0755 0:0 d/s/", "-0644 0:0 d/s/b.log = 3"],
  },
  {
    name: "COPY with wildcards",
    files: { "a.txt": "1", "b.txt": "2", "c.md": "3" },
    dockerfile: "FROM bb\nCOPY *.t?t /d/\n",
    tree: ["d0755 0:0 d/", "-0644 0:0 d/a.txt = 1", "-0644 0:0 d/b.txt = 2"],
  },
  {
    name: "COPY as a list may have blanks",
    files: { "a b": "1" },
    dockerfile: 'FROM bb\nCOPY ["a b", "/c d"]\n',
    tree: ["-0644 0:0 c d = 1"],
  },
  {
    name: "COPY relative to WORKDIR",
    files: { a: "1" },
    dockerfile: "FROM bb\nWORKDIR /w\nWORKDIR sub\nCOPY a .\nCOPY a ./x\n",
    tree: ["d0755 0:0 w/", "d0755 0:0 w/sub/", "-0644 0:0 w/sub/a = 1", "-0644 0:0 w/sub/x = 1"],
    config: { WorkingDir: "/w/sub" },
  },
  {
    name: "a folder that COPY makes for what is in another is open to all; folders in it are as they were",
    files: { "s/": "", "s/t/a": "1" },
    dockerfile:
      "FROM bb\nRUN mkdir -m 700 /o && mkdir -m 700 /o/t && chown 5:6 /o /o/t\nFROM bb\nCOPY s /d\nCOPY --from=0 /o /e\n",
    tree: ["d0755 0:0 d/", "d0755 0:0 d/t/", "-0644 0:0 d/t/a = 1", "d0755 0:0 e/", "d0700 5:6 e/t/"],
  },
  {
    name: "COPY --chmod reaches folders in the one that is copied",
    files: { "s/t/a": "1" },
    dockerfile: "FROM bb\nCOPY --chmod=751 s /d\n",
    tree: ["d0755 0:0 d/", "d0751 0:0 d/t/", "-0751 0:0 d/t/a = 1"],
    buildahDiffers: "it leaves folders as they are, Docker does not",
  },
  {
    name: "COPY with --chown and --chmod",
    files: { "s/a": "1" },
    dockerfile: "FROM bb\nCOPY --chown=7:8 --chmod=750 s /d/\n",
    tree: ["d0755 7:8 d/", "-0750 7:8 d/a = 1"],
  },
  {
    name: "COPY with --chown by names of the image",
    files: { a: "1" },
    dockerfile: "FROM bb\nCOPY --chown=tester:postgres a /x\nCOPY --chown=tester a /y\n",
    tree: ["-0644 1000:70 x = 1", "-0644 1000:1000 y = 1"],
  },
  {
    name: "COPY of links",
    files: { "s/a": "1", "s/l": "-> a", direct: "-> s/a" },
    dockerfile: "FROM bb\nCOPY s /d/\nCOPY direct /x\n",
    tree: ["d0755 0:0 d/", "-0644 0:0 d/a = 1", "l 0:0 d/l -> a", "-0644 0:0 x = 1"],
  },
  {
    name: "COPY follows links to folders in the image",
    files: { "s/lib/a": "1" },
    dockerfile: "FROM bb\nRUN mkdir -p /usr/new && ln -s usr/new /lib\nCOPY s/lib/a /lib/\n",
    tree: ["l 0:0 lib -> usr/new", "d0755 0:0 usr/new/", "-0644 0:0 usr/new/a = 1"],
  },
  {
    name: "COPY of a heredoc",
    dockerfile: 'FROM bb\nENV A=1\nCOPY <<one <<"two" /d/\n$A\none\n$A\ntwo\n',
    tree: ["d0755 0:0 d/", "-0644 0:0 d/one = 1", "-0644 0:0 d/two = $A"],
    buildahDiffers: "it makes heredoc files with other permissions",
  },
  {
    name: "COPY with --parents",
    files: { "a/b/c": "1", "x/y/z": "2" },
    dockerfile: "FROM bb\nCOPY --parents a/b/c x/./y/z /d/\nCOPY --parents --chown=7:8 --chmod=700 a/b/c /e\n",
    tree: [
      ...["d0755 0:0 d/", "d0755 0:0 d/a/", "d0755 0:0 d/a/b/", "-0644 0:0 d/a/b/c = 1"],
      ...["d0755 0:0 d/y/", "-0644 0:0 d/y/z = 2"],
      ...["d0755 7:8 e/", "d0700 7:8 e/a/", "d0700 7:8 e/a/b/", "-0700 7:8 e/a/b/c = 1"],
    ],
    buildahDiffers: "its version in Debian does not know it",
  },
  {
    name: "COPY with --exclude",
    files: { "s/a.txt": "1", "s/b.md": "2", "s/t/c.md": "3" },
    dockerfile: "FROM bb\nCOPY --exclude=**/*.md s /d/\n",
    tree: ["d0755 0:0 d/", "-0644 0:0 d/a.txt = 1", "d0755 0:0 d/t/"],
    buildahDiffers: "its version in Debian does not know it",
  },
  {
    name: "COPY with --link does not follow a link of the image",
    files: { a: "1" },
    dockerfile: "FROM bb\nRUN mkdir /real && ln -s /real /d\nCOPY --link --chown=tester a /d/\n",
    tree: ["d0755 1000:1000 d/", "-0644 1000:1000 d/a = 1", "d0755 0:0 real/"],
    buildahDiffers: "it follows the link: it makes all layers on those below",
    dockerDiffers: "with its own store of layers, it makes all layers on those below",
  },
  {
    name: "COPY with --link",
    files: { a: "1" },
    dockerfile: "FROM bb\nCOPY --link a /d/\n",
    tree: ["d0755 0:0 d/", "-0644 0:0 d/a = 1"],
    buildahDiffers: "its version in Debian does not know it",
  },
  {
    name: "COPY with variables",
    files: { "a-1": "1" },
    dockerfile: "FROM bb\nARG V=1\nENV D=/d\nCOPY a-${V} ${D}/${X:-y}\n",
    tree: ["d0755 0:0 d/", "-0644 0:0 d/y = 1"],
  },
  {
    name: "COPY leaves an archive as it is",
    dockerfile: [
      "FROM bb AS pack",
      "RUN mkdir -p /p/in && echo 1 > /p/in/a && tar -cf /a.tar -C /p in",
      "FROM bb",
      "COPY --from=pack /a.tar /x.tar",
      "RUN tar -xf /x.tar && rm /x.tar",
    ].join("\n"),
    tree: ["d0755 0:0 in/", "-0644 0:0 in/a = 1"],
  },
  {
    name: "ADD of a plain file is COPY",
    files: { a: "1" },
    dockerfile: "FROM bb\nADD a /d/\n",
    tree: ["d0755 0:0 d/", "-0644 0:0 d/a = 1"],
  },
];

const stages: readonly DockerfileCase[] = [
  {
    name: "files from an earlier stage by name keep their owner",
    dockerfile: "FROM bb AS one\nRUN mkdir /o && echo 1 > /o/a && chown 7:8 /o/a\nFROM bb\nCOPY --from=one /o /d\n",
    tree: ["d0755 0:0 d/", "-0644 7:8 d/a = 1"],
  },
  {
    name: "files from an earlier stage by number",
    dockerfile: "FROM bb\nRUN echo 1 > /a\nFROM bb\nCOPY --from=0 /a /x\n",
    tree: ["-0644 0:0 x = 1"],
  },
  {
    name: "files from another image",
    dockerfile:
      "FROM scratch\nCOPY --from=bb /etc/passwd /p\nFROM bb\nCOPY --from=0 /p /p\nRUN cmp /p /etc/passwd && rm /p && echo same > /n\n",
    tree: ["-0644 0:0 n = same"],
  },
  {
    name: "a stage on a stage",
    dockerfile: "FROM bb AS one\nENV A=1\nRUN echo 1 > /a\nFROM one\nRUN echo $A > /b\n",
    tree: ["-0644 0:0 a = 1", "-0644 0:0 b = 1"],
    buildahDiffers: "it cannot go on from the base, which has no history",
  },
  {
    name: "a target stops early, and what it does not need is not built",
    dockerfile: "FROM bb AS one\nRUN echo 1 > /a\nFROM bb AS two\nRUN exit 3\nFROM one\nRUN exit 4\n",
    args: ["--target", "one"],
    tree: ["-0644 0:0 a = 1"],
  },
  {
    name: "a stage that nothing needs is not built",
    dockerfile: "FROM bb AS one\nRUN exit 3\nFROM bb\nRUN echo 1 > /a\n",
    tree: ["-0644 0:0 a = 1"],
    dockerDiffers: "it builds all stages",
  },
  {
    name: "ARG before FROM names the base",
    dockerfile: "ARG NAME=nothing\nARG TAG=latest\nFROM ${NAME}:${TAG}\nARG TAG\nRUN echo $TAG$NAME > /a\n",
    args: ["--build-arg", "NAME=bb"],
    tree: ["-0644 0:0 a = latest"],
  },
  {
    name: "ARG values: the client's, then the default, then none",
    dockerfile: "FROM bb\nARG A=1\nARG B=2\nARG C\nRUN echo $A $B ${C-unset} > /a\n",
    args: ["--build-arg", "A=9"],
    tree: ["-0644 0:0 a = 9 2 unset"],
    history: ["|2 A=9 B=2 /bin/sh -c echo $A $B ${C-unset} > /a"],
  },
  {
    name: "a stage on another has its arguments, and ARG without a value leaves them",
    dockerfile: "FROM bb AS one\nARG A=1\nARG B=2\nFROM one AS two\nARG B\nFROM two\nRUN echo $A $B > /a\n",
    tree: ["-0644 0:0 a = 1 2"],
    history: ["|2 A=1 B=2 /bin/sh -c echo $A $B > /a"],
    classicDiffers: "it forgets them",
    buildahDiffers: "it forgets them",
  },
  {
    name: "the target's name is known",
    dockerfile: "FROM bb AS one\nARG TARGETSTAGE\nRUN echo $TARGETSTAGE > /a\n",
    args: ["--target", "one"],
    tree: ["-0644 0:0 a = one"],
    classicDiffers: "it knows none of these arguments",
    buildahDiffers: "it does not know this one",
    buildKitDiffers: "it came before this one",
  },
  {
    name: "ENV wins over ARG, and an ARG ends with its stage",
    dockerfile: "FROM bb AS one\nARG A=1\nFROM bb\nENV B=env\nARG B=arg\nRUN echo ${A-none} $B > /a\n",
    tree: ["-0644 0:0 a = none env"],
    buildKitDiffers: "it has the later of the two, against its own documentation",
  },
  {
    name: "the target's platform is known",
    dockerfile:
      "FROM --platform=$TARGETPLATFORM bb\nARG TARGETOS\nARG TARGETPLATFORM\nRUN echo $TARGETOS > /a && test $TARGETPLATFORM\n",
    tree: ["-0644 0:0 a = linux"],
  },
  {
    name: "RUN with files of another stage and of the context mounted",
    files: { c: "2" },
    dockerfile: [
      "FROM bb AS one",
      "RUN echo 1 > /o",
      "FROM bb",
      "RUN --mount=type=bind,from=one,source=/o,target=/mnt/o --mount=type=bind,target=/ctx cat /mnt/o /ctx/c > /a",
    ].join("\n"),
    tree: ["-0644 0:0 a = 1|2"],
    buildKitDiffers: "of Docker 20.10: it leaves the folder to mount on, later ones do not",
    buildahDiffers: "it leaves the folder to mount on",
  },
  {
    name: "RUN with a tmpfs and a cache leaves neither",
    dockerfile:
      "FROM bb\nRUN --mount=type=tmpfs,target=/t --mount=type=cache,target=/var/c touch /t/a /var/c/b && echo 1 > /a\n",
    tree: ["-0644 0:0 a = 1"],
    buildKitDiffers: "of Docker 20.10: it leaves the folder to mount on, later ones do not",
    buildahDiffers: "it leaves the folders to mount on",
  },
  {
    name: "what a step writes into a bind mount is its own business",
    files: { "s/c": "2" },
    dockerfile: "FROM bb\nRUN --mount=target=/ctx,rw echo 3 > /ctx/s/c && cat /ctx/s/c > /a\nCOPY s/c /c\n",
    tree: ["-0644 0:0 a = 3", "-0644 0:0 c = 2"],
    buildKitDiffers: "of Docker 20.10: it leaves the folder to mount on, later ones do not",
    buildahDiffers: "it writes into the context",
  },
];

const configuring: readonly DockerfileCase[] = [
  {
    name: "CMD and ENTRYPOINT as lists",
    dockerfile: 'FROM bb\nENTRYPOINT ["echo"]\nCMD ["hi"]\n',
    tree: [],
    config: { Entrypoint: ["echo"], Cmd: ["hi"] },
    history: ['/bin/sh -c #(nop)  CMD ["hi"]', '/bin/sh -c #(nop)  ENTRYPOINT ["echo"]'],
  },
  {
    name: "ENTRYPOINT drops the CMD of the base",
    dockerfile: "FROM bb\nENTRYPOINT echo $HOME\n",
    tree: [],
    config: { Entrypoint: ["/bin/sh", "-c", "echo $HOME"], Cmd: null },
  },
  {
    name: "a CMD before ENTRYPOINT stays",
    dockerfile: 'FROM bb\nCMD ["a"]\nENTRYPOINT ["echo"]\n',
    tree: [],
    config: { Entrypoint: ["echo"], Cmd: ["a"] },
  },
  {
    name: "ENV in its old form, and with quotes and escapes",
    dockerfile: "FROM bb\nENV A one two\nENV B='$A' C=\"$A\" D=x\\ y\nENV A=3 E=$A\n",
    tree: [],
    config: { Env: [env, "A=3", "B=$A", "C=one two", "D=x y", "E=one two"] },
  },
  {
    name: "LABEL, the last of a name wins",
    dockerfile: 'FROM bb\nLABEL a=1 "b c"="d e"\nLABEL a=2\n',
    args: ["--label", "z=it's $A"],
    tree: [],
    config: { Labels: { a: "2", "b c": "d e", z: "it's $A" } },
  },
  {
    name: "EXPOSE with protocols and ranges",
    dockerfile: "FROM bb\nARG P=90\nEXPOSE 80 53/udp 8000-8002 $P\n",
    tree: [],
    config: {
      ExposedPorts: { "53/udp": {}, "80/tcp": {}, "8000/tcp": {}, "8001/tcp": {}, "8002/tcp": {}, "90/tcp": {} },
    },
    buildahDiffers: "its version in Debian does not know ranges",
  },
  {
    name: "VOLUME, and what RUN wrote there before and after",
    dockerfile: 'FROM bb\nRUN mkdir /v && touch /v/a\nVOLUME /v\nVOLUME ["/tmp"]\nRUN touch /v/b\n',
    tree: ["d0755 0:0 v/", "-0644 0:0 v/a = ", "-0644 0:0 v/b = "],
    config: { Volumes: { "/v": {}, "/tmp": {} } },
    buildahDiffers: "it drops what is written into a volume",
    dockerDiffers: "it forgets what is written into a volume after its instruction; BuildKit keeps it",
  },
  {
    name: "USER, STOPSIGNAL, MAINTAINER",
    dockerfile: "FROM bb\nMAINTAINER Somebody Else\nUSER nobody\nSTOPSIGNAL SIGQUIT\n",
    tree: [],
    config: { User: "nobody", StopSignal: "SIGQUIT" },
  },
  {
    name: "HEALTHCHECK with times",
    dockerfile: "FROM bb\nHEALTHCHECK --interval=1m30s --timeout=500ms --start-period=2s --retries=4 CMD test -e /ok\n",
    tree: [],
    config: {
      Healthcheck: {
        Test: ["CMD-SHELL", "test -e /ok"],
        Interval: 90e9,
        Timeout: 5e8,
        StartPeriod: 2e9,
        Retries: 4,
      },
    },
  },
  {
    name: "HEALTHCHECK with an interval while it starts",
    dockerfile: "FROM bb\nHEALTHCHECK --start-period=1h --start-interval=100ms CMD test -e /ok\n",
    tree: [],
    config: { Healthcheck: { Test: ["CMD-SHELL", "test -e /ok"], StartPeriod: 36e11, StartInterval: 1e8 } },
    buildahDiffers: "its version in Debian does not know it",
    classicDiffers: "of Docker 20.10: it does not know it",
    buildKitDiffers: "of Docker 20.10: it does not know it",
  },
  {
    name: "HEALTHCHECK NONE",
    dockerfile: "FROM bb\nHEALTHCHECK NONE\n",
    tree: [],
    config: { Healthcheck: { Test: ["NONE"] } },
  },
  {
    name: "ONBUILD is kept, and nothing is done",
    dockerfile: "FROM bb\nONBUILD RUN echo 1 > /a\nONBUILD ENV A=1\n",
    tree: [],
    config: { OnBuild: ["RUN echo 1 > /a", "ENV A=1"] },
    buildahDiffers: "its command line carries the triggers out",
  },
  {
    name: "WORKDIR in a folder that is there writes nothing",
    dockerfile: "FROM bb\nWORKDIR /etc\n",
    tree: [],
    config: { WorkingDir: "/etc" },
    history: ["/bin/sh -c #(nop) WORKDIR /etc"],
  },
  {
    name: "lower-case instructions and spaces",
    dockerfile: "  from bb as x\n\n  run   echo 1 > /a\n# end\nenv A=1",
    tree: ["-0644 0:0 a = 1"],
    config: { Env: [env, "A=1"] },
  },
  {
    name: "Windows line ends and a byte order mark",
    dockerfile: "\uFEFF# syntax=docker/dockerfile:1\r\nFROM bb\r\nRUN echo 1 \\\r\n  2 > /a\r\n",
    tree: ["-0644 0:0 a = 1 2"],
  },
];

export const dockerfileCases: readonly DockerfileCase[] = [
  ...running,
  ...changing,
  ...copying,
  ...copyingMore,
  ...stages,
  ...configuring,
  ...configuringMore,
];
