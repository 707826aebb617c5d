/**
 * A specification or a process as JSON for runc. No limit at all, -1 here, is 2^64-1 there, a number that JavaScript
 * cannot hold. In a text of the user's the quotes would be escaped. Pure.
 */
export function specText(specification: object): string {
  return JSON.stringify(specification).replace(/"(soft|hard)":-1(?=[,}])/g, '"$1":18446744073709551615');
}
