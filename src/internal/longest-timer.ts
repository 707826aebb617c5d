/** Milliseconds of the longest timer there is: Node takes what is longer for no time at all. Some 24 days. */
export const longestTimerMs: number = 2 ** 31 - 1;
