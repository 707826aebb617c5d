import { connect } from "node:net";
import { expect, test } from "vitest";
import { GenericContainer } from "../../../src/index";
import { busyboxImage } from "../../integration/api/busybox-image";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";

useNewEngineOfThisFile({ RUNCIBLE_IDLE_SECONDS: "600" });

const containers = 200;
const atOnce = 8;
const connectionsEach = 5;
/** Between a container's start and its service's, one after the other. */
const lateSeconds = [0, 0.02, 0.05, 0.1, 0.2];

test(`of ${containers * connectionsEach} first connections to ${containers} services that are late, each is answered`, async () => {
  const image = await busyboxImage();
  const answers: string[] = [];
  let begun = 0;
  const startSome = async (): Promise<void> => {
    while (begun < containers) answers.push(...(await firstAnswers(image, begun++)));
  };

  await Promise.all(Array.from({ length: atOnce }, startSome));

  expect(answers.filter((answer) => answer !== "HTTP")).toEqual([]);
  expect(answers).toHaveLength(containers * connectionsEach);
});

/** Of a container that has just become ready. */
async function firstAnswers(image: string, index: number): Promise<readonly string[]> {
  const late = lateSeconds[index % lateSeconds.length];
  await using container = await new GenericContainer(image)
    .withExposedPorts(80)
    .withCommand(["sh", "-c", `sleep ${late}; exec httpd -f -p 80 -h /www`])
    .start();
  const port = container.getMappedPort(80);
  return await Promise.all(Array.from({ length: connectionsEach }, () => firstAnswer(port)));
}

/** Its first bytes, or what happened instead. Never rejects. */
function firstAnswer(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    const settle = (answer: string): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("data", (data) => settle(data.toString("latin1", 0, 4)));
    socket.once("end", () => settle("closed without an answer"));
    socket.once("error", ({ message }) => settle(message));
    socket.write("GET / HTTP/1.0\r\n\r\n");
  });
}
