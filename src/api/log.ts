import type { Debugger } from "debug";
import { shortId } from "../internal/ids";
import { debugNamespaces, isTestEnvironment } from "./config";

export interface LogContext {
  containerId?: string | undefined;
  imageName?: string | undefined;
}

/** Writes through the `debug` package, which is loaded only when DEBUG names anything. */
export class Log {
  readonly #namespace: string;
  readonly #isLevelled: boolean;
  #debugger: Debugger | undefined;

  /** `isLevelled`: lines begin with their level. */
  constructor(namespace: string, { isLevelled }: { readonly isLevelled: boolean }) {
    this.#namespace = namespace;
    this.#isLevelled = isLevelled;
  }

  enabled(): boolean {
    return debugNamespaces() !== "" && this.#load().enabled;
  }

  trace(message: string, context?: LogContext): void {
    this.#write("TRACE", message, context);
  }

  debug(message: string, context?: LogContext): void {
    this.#write("DEBUG", message, context);
  }

  info(message: string, context?: LogContext): void {
    this.#write("INFO", message, context);
  }

  warn(message: string, context?: LogContext): void {
    this.#write("WARN", message, context);
  }

  error(message: string, context?: LogContext): void {
    this.#write("ERROR", message, context);
  }

  #write(level: string, message: string, { containerId, imageName }: LogContext = {}): void {
    if (!this.enabled()) return;
    const container = containerId === undefined ? "" : `[${shortId(containerId)}] `;
    const image = imageName === undefined ? "" : `[${imageName}] `;
    this.#load()(`${this.#isLevelled ? `[${level}] ` : ""}${container}${image}${message}`);
  }

  #load(): Debugger {
    if (this.#debugger === undefined) {
      const createDebug = require("debug") as typeof import("debug");
      this.#debugger = createDebug(this.#namespace);
      if (isTestEnvironment()) this.#debugger.log = console.log.bind(console);
    }
    return this.#debugger;
  }
}

export const log: Log = new Log("testcontainers", { isLevelled: true });
export const containerLog: Log = new Log("testcontainers:containers", { isLevelled: false });
export const buildLog: Log = new Log("testcontainers:build", { isLevelled: false });
export const pullLog: Log = new Log("testcontainers:pull", { isLevelled: false });
export const execLog: Log = new Log("testcontainers:exec", { isLevelled: false });
export const composeLog: Log = new Log("testcontainers:compose", { isLevelled: false });
