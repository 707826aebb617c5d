export interface ImagePullPolicy {
  /** Whether to pull although the image is there. Asked at every start. */
  shouldPull(): boolean;
  /** Whether to pull when the image is not there. Default: true. */
  mayPull?(): boolean;
}

class DefaultPullPolicy implements ImagePullPolicy {
  shouldPull(): boolean {
    return false;
  }
}

class AlwaysPullPolicy implements ImagePullPolicy {
  shouldPull(): boolean {
    return true;
  }
}

class NeverPullPolicy implements ImagePullPolicy {
  shouldPull(): boolean {
    return false;
  }

  mayPull(): boolean {
    return false;
  }
}

export const PullPolicy: {
  /** What is not there is pulled. */
  defaultPolicy(): ImagePullPolicy;
  /** The registry is asked at every start. */
  alwaysPull(): ImagePullPolicy;
  /** Nothing is pulled: an image that is not there is an error at once. For all containers: RUNCIBLE_OFFLINE=1. */
  never(): ImagePullPolicy;
} = {
  defaultPolicy: () => new DefaultPullPolicy(),
  alwaysPull: () => new AlwaysPullPolicy(),
  never: () => new NeverPullPolicy(),
};
