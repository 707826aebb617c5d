import {
  checkedInteger,
  checkedList,
  checkedObject,
  checkedPort,
  checkedText,
  checkedUrlPath,
  checkedWith,
} from "../checks";
import { CompositeWaitStrategy } from "./composite";
import { HealthCheckWaitStrategy } from "./health-check";
import { HttpWaitStrategy, type HttpWaitStrategyOptions } from "./http";
import { ListeningPortsWaitStrategy } from "./listening-ports";
import { LogMessageWaitStrategy } from "./log-message";
import { ShellWaitStrategy } from "./shell-command";
import { OneShotStartupCheckStrategy } from "./startup-check";
import type { WaitStrategy } from "./wait-strategy";

export interface WaitFactory {
  /** Every published TCP port answers, inside and outside. */
  forListeningPorts(): WaitStrategy;
  /** So many log lines contain the text or match the expression. Default: 1. */
  forLogMessage(message: string | RegExp, times?: number): WaitStrategy;
  forHealthCheck(): WaitStrategy;
  forHttp(path: string, port: number, options?: HttpWaitStrategyOptions): HttpWaitStrategy;
  /** `/bin/sh -c <command>` ends with 0. */
  forSuccessfulCommand(command: string): ShellWaitStrategy;
  /** The container has ended with 0. */
  forOneShotStartup(): WaitStrategy;
  forAll(strategies: WaitStrategy[]): CompositeWaitStrategy;
}

export const Wait: WaitFactory = {
  forListeningPorts: () => new ListeningPortsWaitStrategy(),
  forLogMessage: (message, times = 1) => {
    if (typeof message === "string") checkedText(message, "the log message to wait for");
    else checkedWith(message, ["test"], "the log message to wait for");
    return new LogMessageWaitStrategy(
      message,
      checkedInteger(times, "how often to wait for a log message", { min: 1 }),
    );
  },
  forHealthCheck: () => new HealthCheckWaitStrategy(),
  forHttp: (path, port, options = { abortOnContainerExit: false }) =>
    new HttpWaitStrategy(
      checkedUrlPath(path, "the path to wait for"),
      checkedPort(port, "the port to wait for"),
      checkedObject(options, "the options of an HTTP wait"),
    ),
  forSuccessfulCommand: (command) => new ShellWaitStrategy(checkedText(command, "the command to wait for")),
  forOneShotStartup: () => new OneShotStartupCheckStrategy(),
  forAll: (strategies) => {
    for (const strategy of checkedList(strategies, "the strategies to wait for")) {
      checkedWith(strategy, ["waitUntilReady"], "a strategy to wait for");
    }
    return new CompositeWaitStrategy(strategies);
  },
};
