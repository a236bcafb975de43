// Sends one request with HTTP/2 prior knowledge: JSON on stdin, JSON on stdout, bodies in base64.

import * as fs from "node:fs";
import * as http2 from "node:http2";

const { port, method, path, headers, body } = JSON.parse(fs.readFileSync(0));
const client = http2.connect(`http://127.0.0.1:${port}`);
const stream = client.request({ ":method": method, ":path": path, ...Object.fromEntries(headers) },
  { endStream: body === null });
if (body !== null) stream.end(Buffer.from(body, "base64"));
let head = {};
stream.on("response", (h) => { head = h; });
const chunks = [];
for await (const chunk of stream) chunks.push(chunk);
client.close();
const { ":status": status, ...rest } = head;
const text = Object.entries(rest).map(([name, value]) => [name, String(value)]);
console.log(JSON.stringify({ status, headers: text, body: Buffer.concat(chunks).toString("base64") }));
