import { expect, test } from "vitest";
import { run } from "../../../src/internal/exec";

test("a folder to start in that is not there is not taken for a missing program", async () => {
  await expect(run("true", [], { cwd: "/no/such/folder" })).rejects.toMatchObject({
    code: "command-failed",
    message: "run true: there is no folder /no/such/folder",
  });
});

test("a program that is not there is missing wherever it should start", async () => {
  await expect(run("no-such-program", [], { cwd: "/" })).rejects.toMatchObject({ code: "tool-missing" });
});
