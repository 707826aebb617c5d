import { expect, test } from "vitest";
import { errorOfAnswer } from "../../../src/client/api-error";

const call = { method: "POST", path: "/x" };

test.each([
  [404, "No such container: abc", "container-not-found"],
  [404, "No such image: redis:7", "image-not-found"],
  [409, 'Conflict. The container name "/a" is already in use by container "b".', "name-in-use"],
  [500, "Bind for 0.0.0.0:80 failed: port is already allocated", "port-in-use"],
  [400, 'exec: "nope": executable file not found in $PATH: unknown', "executable-not-found"],
  [404, "network n not found", "network-not-found"],
  [500, "anything else", "api-error"],
])("status %i with %j is %s", (status, message, code) => {
  expect(errorOfAnswer({ ...call, status, body: JSON.stringify({ message }) })).toMatchObject({ code, message });
});

test("the code and evidence of our own engine are taken over", () => {
  const body = JSON.stringify({ message: "x", code: "container-exited", evidence: { exitCode: 7 } });

  expect(errorOfAnswer({ ...call, status: 503, body })).toMatchObject({
    code: "container-exited",
    evidence: { exitCode: 7, status: 503 },
  });
});

test("an answer that is no JSON is its own message, an empty one names the call", () => {
  expect(errorOfAnswer({ ...call, status: 404, body: "page not found\n" }).message).toBe("page not found");
  expect(errorOfAnswer({ ...call, status: 500, body: "" }).message).toBe("POST /x: status 500");
});
