// SQL over the server's introspection tables. The statements of this page keep to what every
// compatible server accepts.

import { ApiError, call, send } from "./api";

export type Row = Record<string, unknown>;

export async function query<T = Row>(sql: string, signal?: AbortSignal): Promise<T[]> {
  return (await call<{ rows: T[] }>("POST", "/query", { body: { query: sql }, signal })).rows;
}

/** A string literal. */
export const quote = (text: string) => `'${text.replaceAll("'", "''")}'`;
export const quoteAll = (texts: string[]) => texts.map(quote).join(", ");

/** A pattern for LIKE that finds `text` anywhere. `%` and `_` in it stay wildcards: harmless here. */
export const containing = (text: string) => quote(`%${text}%`);

const resultLimit = 32 * 1024 * 1024;

/** What a person typed: read in pieces, so that a careless statement does not fill the browser. */
export async function queryConsole(sql: string, signal: AbortSignal): Promise<Row[]> {
  const response = await send("POST", "/query", { body: { query: sql }, signal });
  const reader = response.body!.getReader();
  const pieces: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value);
    size += value.length;
    if (size > resultLimit) {
      await reader.cancel();
      throw new ApiError(0, null, "The result is larger than 32 MiB. Add a LIMIT, or choose fewer columns.");
    }
  }
  const text = await new Blob(pieces as BlobPart[]).text();
  return (JSON.parse(text) as { rows: Row[] }).rows;
}
