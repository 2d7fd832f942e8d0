// The API as a typed client; `schema.ts` is made from the OpenAPI document by `make sdk`.
import createClient, { type Client } from "openapi-fetch";
import type { paths } from "./schema.js";

export type { components, operations, paths } from "./schema.js";

/** A client of the hub at `baseUrl` that sends `token` with every call. */
export function connect(baseUrl: string, token: string): Client<paths> {
  return createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });
}
