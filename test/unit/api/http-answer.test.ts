import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { askForAnswer, describeAnswer } from "../../../src/api/wait/http-answer";

/** Far more than the headers take on a busy machine. */
const timeoutMs = 2_000;

/** Sends its headers, without a length, and the beginning of a body. */
async function serveWithoutEnd(): Promise<number> {
  const server = createServer((_request, response) => {
    response.useChunkedEncodingByDefault = false;
    response.writeHead(200, { connection: "close" });
    response.write("beginning");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

test("a body that ends because the time is over is not the whole of it", async () => {
  const port = await serveWithoutEnd();

  const answer = await askForAnswer(request, { host: "127.0.0.1", port }, timeoutMs);

  expect(answer.status).toBe(200);
  await expect(answer.body()).rejects.toMatchObject({ name: expect.stringMatching(/TimeoutError|AbortError/) });
  expect(await describeAnswer(answer, timeoutMs)).toBe("it answered 200, and not all of its body within 2000 ms");
  answer.close();
});
