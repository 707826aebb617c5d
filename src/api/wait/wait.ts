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
  forLogMessage: (message, times = 1) => new LogMessageWaitStrategy(message, times),
  forHealthCheck: () => new HealthCheckWaitStrategy(),
  forHttp: (path, port, options = { abortOnContainerExit: false }) => new HttpWaitStrategy(path, port, options),
  forSuccessfulCommand: (command) => new ShellWaitStrategy(command),
  forOneShotStartup: () => new OneShotStartupCheckStrategy(),
  forAll: (strategies) => new CompositeWaitStrategy(strategies),
};
