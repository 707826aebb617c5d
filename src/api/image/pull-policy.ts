export interface ImagePullPolicy {
  /** Whether to pull although the image is there. Asked at every start. */
  shouldPull(): boolean;
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

export const PullPolicy: { defaultPolicy(): ImagePullPolicy; alwaysPull(): ImagePullPolicy } = {
  defaultPolicy: () => new DefaultPullPolicy(),
  alwaysPull: () => new AlwaysPullPolicy(),
};
