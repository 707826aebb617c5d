/**
 * A URL for messages: without the password and the query, which may be secrets. What is no URL stays as it is. Pure.
 */
export function shownUrl(text: string): string {
  if (!/^\w+:\/\//.test(text) || !URL.canParse(text)) return text;
  const { protocol, host, pathname } = new URL(text);
  return `${protocol}//${host}${pathname}`;
}
