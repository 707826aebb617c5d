import { expect, test } from "vitest";
import { proxyFor } from "../../../../src/runtime/registry/dispatcher";
import {
  backoffMs,
  isTemporaryStatus,
  reasonOf,
  retriesFor,
  retryAfterMs,
} from "../../../../src/runtime/registry/patience";
import { defaultRegistrySettings, isLoopback } from "../../../../src/runtime/registry/settings";

const settings = { ...defaultRegistrySettings, retries: 5, retryDelayMs: 200 };
const failure = (code: string): Error => Object.assign(new TypeError(code), { code });

test.each([
  ["ECONNRESET", 5],
  ["UND_ERR_SOCKET", 5],
  ["ECONNREFUSED", 1],
  ["UND_ERR_BODY_TIMEOUT", 1],
  ["ENOTFOUND", 0],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", 0],
])("%s deserves %i retries", (code, retries) => {
  expect(retriesFor(failure(code), settings)).toBe(retries);
});

test.each([
  ["UND_ERR_HEADERS_TIMEOUT", "no answer for 30 s"],
  ["UND_ERR_BODY_TIMEOUT", "it sent nothing more for 30 s"],
  ["ECONNREFUSED", "connection refused"],
  ["EOTHER", "EOTHER"],
])("%s is said as: %s", (code, reason) => {
  expect(reasonOf(failure(code), settings)).toBe(reason);
});

test("Retry-After is read as seconds and as a date", () => {
  const now = Date.parse("2030-01-01T00:00:00Z");
  expect(retryAfterMs("7", now)).toBe(7_000);
  expect(retryAfterMs("Tue, 01 Jan 2030 00:00:05 GMT", now)).toBe(5_000);
  expect(retryAfterMs("Mon, 31 Dec 2029 23:00:00 GMT", now)).toBe(0);
  expect(retryAfterMs("soon", now)).toBeUndefined();
  expect(retryAfterMs(undefined, now)).toBeUndefined();
});

test("pauses double, jittered, up to half a minute", () => {
  for (const [attempt, whole] of [0, 1, 2, 20].map((one) => [one, Math.min(200 * 2 ** one, 30_000)] as const)) {
    const ms = backoffMs(settings, attempt);
    expect(ms).toBeGreaterThanOrEqual(whole / 2);
    expect(ms).toBeLessThanOrEqual(whole);
  }
});

test("only statuses that say 'not now' are temporary", () => {
  expect([408, 429, 500, 502, 503, 504].every(isTemporaryStatus)).toBe(true);
  expect([200, 307, 401, 403, 404, 501].some(isTemporaryStatus)).toBe(false);
});

test("a proxy is passed by for loopback and for what the bypass list ends with", () => {
  const proxy = { http: "http://p:1", https: "http://p:2", bypass: ".corp.test, other.test" };
  const through = (url: string): string | undefined => proxyFor(new URL(url), { proxy });
  expect(through("https://registry.test")).toBe("http://p:2");
  expect(through("http://registry.test")).toBe("http://p:1");
  expect(through("https://a.corp.test")).toBeUndefined();
  expect(through("https://notother.test")).toBe("http://p:2");
  expect(through("http://127.0.0.1:5000")).toBeUndefined();
});

test("loopback is told from names that look like it", () => {
  expect(["localhost:5000", "127.1.2.3", "[::1]:5000"].every(isLoopback)).toBe(true);
  expect(["127.0.0.1.evil.test", "localhost.evil.test", "10.0.0.1"].some(isLoopback)).toBe(false);
});
