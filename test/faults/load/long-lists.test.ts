import { once } from "node:events";
import { request } from "node:http";
import { expect, test } from "vitest";
import { serveEngine } from "../../integration/http/serve-engine";

/** No text of JavaScript is longer. */
const longestText = 0x1fffffe8;

test("the changes of a container are told however long their list is", async () => {
  const name = "n".repeat(4_000_000);
  const count = Math.ceil(longestText / name.length) + 1;
  async function* changes(): AsyncGenerator<{ readonly path: string; readonly kind: "added" }> {
    for (let number = 0; number < count; number++) yield { path: `/${name}`, kind: "added" };
  }
  const { socketPath } = await serveEngine({ containers: { changes } });

  const asked = request({ socketPath, path: "/containers/c/changes" });
  asked.end();
  const [answer] = await once(asked, "response");
  let length = 0;
  let last = "";
  for await (const chunk of answer) {
    length += chunk.length;
    last = chunk.subarray(-20).toString();
  }

  expect(answer.statusCode).toBe(200);
  expect(length).toBe(count * `,{"Path":"/${name}","Kind":1}`.length + "[]\n".length - 1);
  expect(last).toMatch(/"Kind":1\}\]\n$/);
});

test("a list that breaks off does not look like a whole one", async () => {
  async function* changes(): AsyncGenerator<{ readonly path: string; readonly kind: "added" }> {
    for (let number = 0; number < 10_000; number++) yield { path: `/file-${number}`, kind: "added" };
    throw new TypeError("the folder cannot be read");
  }
  const { socketPath } = await serveEngine({ containers: { changes } });

  const asked = request({ socketPath, path: "/containers/c/changes" });
  asked.end();
  const [answer] = await once(asked, "response");

  await expect(answer.toArray()).rejects.toMatchObject({ code: "ECONNRESET" });
});
