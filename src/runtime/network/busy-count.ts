/** Counts the work that is under way, for those who had better wait until there is none. */
export interface BusyCount {
  readonly isBusy: boolean;
  /** Counts `work` from now to its end. */
  during<T>(work: () => Promise<T>): Promise<T>;
}

export function createBusyCount(): BusyCount {
  let count = 0;
  return {
    get isBusy() {
      return count > 0;
    },
    during: async (work) => {
      count++;
      try {
        return await work();
      } finally {
        count--;
      }
    },
  };
}
