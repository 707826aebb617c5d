const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** A time span as Docker's status texts say it: `Less than a second`, `10 minutes`, `About an hour`, `3 weeks`. */
export function humanDuration(milliseconds: number): string {
  if (milliseconds < second) return "Less than a second";
  if (milliseconds < 2 * second) return "1 second";
  if (milliseconds < minute) return `${count(milliseconds, second)} seconds`;
  if (milliseconds < 2 * minute) return "About a minute";
  if (milliseconds < hour) return `${count(milliseconds, minute)} minutes`;
  const hours = Math.round(milliseconds / hour);
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${count(milliseconds, day)} days`;
  if (hours < 24 * 30 * 2) return `${count(milliseconds, 7 * day)} weeks`;
  if (hours < 24 * 365 * 2) return `${count(milliseconds, 30 * day)} months`;
  return `${count(milliseconds, 365 * day)} years`;
}

function count(milliseconds: number, unit: number): number {
  return Math.floor(milliseconds / unit);
}
