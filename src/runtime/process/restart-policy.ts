export interface RestartQuestion {
  readonly policy: {
    readonly name: "no" | "always" | "unless-stopped" | "on-failure";
    /** For `on-failure`; 0: no limit. */
    readonly maximumRetryCount: number;
  };
  readonly exitCode: number;
  /** Restarts so far. */
  readonly restartCount: number;
  /** Someone asked for the end. */
  readonly isStopWanted: boolean;
  /** Milliseconds that the run lasted. */
  readonly ranMs: number;
}

const firstDelayMs = 100;
const longestDelayMs = 60_000;
/** A run of this length counts as a success: the next delay is the first one again. */
const steadyMs = 10_000;

/** Milliseconds until the next start; undefined: stay down. The figures are Docker's. */
export function nextRestartDelay(question: RestartQuestion): number | undefined {
  if (!wantsRestart(question)) return undefined;
  if (question.ranMs >= steadyMs) return firstDelayMs;
  return Math.min(firstDelayMs * 2 ** Math.min(question.restartCount, 16), longestDelayMs);
}

function wantsRestart({ policy, exitCode, restartCount, isStopWanted }: RestartQuestion): boolean {
  if (isStopWanted) return false;
  switch (policy.name) {
    case "no":
      return false;
    case "always":
    case "unless-stopped":
      return true;
    case "on-failure":
      return exitCode !== 0 && (policy.maximumRetryCount === 0 || restartCount < policy.maximumRetryCount);
  }
}
