const whole = new WeakSet<object>();

/**
 * Of an error with words that programs written for the original compare as a whole: a failed start adds none of its
 * own.
 */
export function withWholeMessage<E extends Error>(error: E): E {
  whole.add(error);
  return error;
}

export function hasWholeMessage(error: unknown): boolean {
  return error instanceof Error && whole.has(error);
}
