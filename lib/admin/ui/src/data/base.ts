// The API is also mounted below its versions; the page talks to the one that it came from.
export const apiBase = /^(\/v[234])?\/ui(?=\/|$)/.exec(globalThis.location?.pathname ?? "")?.[1] ?? "";
