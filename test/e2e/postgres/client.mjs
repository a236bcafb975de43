// Talks to the server as programs on Node do. Prints one line of JSON.
// usage: node client.mjs PORT

import pg from "pg";
import Cursor from "pg-cursor";

const client = new pg.Client({ host: "127.0.0.1", port: Number(process.argv[2]), user: "me", database: "any" });
await client.connect();
const found = {};

found.one = (await client.query("SELECT 1 AS one")).rows[0].one;
found.name = (await client.query("SELECT name FROM sys_service WHERE name = $1", ["Counter"])).rows[0].name;
found.any = (await client.query("SELECT service_key FROM state WHERE service_key = ANY($1::text[]) ORDER BY 1",
  [["n1", "n2"]])).rows.length;

const types = (await client.query({
  text: "SELECT i.created_at, s.value, s.partition_key, INTERVAL 90 SECONDS AS span FROM sys_invocation i, state s LIMIT 1",
})).rows[0];
found.types = [types.created_at instanceof Date, Buffer.isBuffer(types.value), typeof types.partition_key,
  types.span.toPostgres()];

// A named statement is parsed once.
for (let i = 0; i < 3; i++) {
  await client.query({ name: "again", text: "SELECT count(*) AS n FROM state WHERE service_key >= $1", values: ["n5"] });
}

const cursor = client.query(new Cursor("SELECT service_key FROM state ORDER BY service_key"));
const sizes = [];
for (let rows = await cursor.read(4); rows.length > 0; rows = await cursor.read(4)) sizes.push(rows.length);
await cursor.close();
found.sizes = sizes;

try {
  await client.query("SELECT * FROM nothing");
} catch (error) {
  found.error = error.code;
}
found.after = (await client.query("SELECT 2 AS two")).rows[0].two;
await client.end();
console.log(JSON.stringify(found));
