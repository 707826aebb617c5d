/**
 * How often something is tried: few times, so that the suite stays quick, or as often as the list of pains asks, with
 * RUNCIBLE_PAINS=whole.
 */
export function howOften(usual: number, asked: number): number {
  return process.env["RUNCIBLE_PAINS"] === "whole" ? asked : usual;
}

/** So many tasks, so many of them at once. */
export async function inTurns(count: number, atOnce: number, task: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) await task(index);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}
