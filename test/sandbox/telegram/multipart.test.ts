import assert from "node:assert/strict";
import { test } from "node:test";
import { parseMultipart } from "../../../src/sandbox/telegram/multipart.ts";

const TYPE = "multipart/form-data; boundary=edge";

function parse(text: string, type = TYPE): unknown {
  const parts = parseMultipart(Buffer.from(text, "latin1"), type);
  return parts?.map(({ name, fileName, mime, bytes }) => [name, fileName, mime, bytes.toString("latin1")]);
}

const field = 'content-disposition: form-data; name="a"\r\n\r\n';

test("fields and files are read, names quoted or bare, boundary quoted or bare", () => {
  const file = "Content-Disposition:form-data;name=b;filename=my file.txt\r\nContent-Type: text/plain\r\n\r\n";
  const body = `--edge\r\n${field}one\r\n--edge\r\n${file}\r\n\0\xff-\r\n\r\n--edge--\r\n`;
  const wanted = [
    ["a", undefined, "application/octet-stream", "one"],
    ["b", "my file.txt", "text/plain", "\r\n\0\xff-\r\n"],
  ];
  assert.deepEqual(parse(body), wanted);
  assert.deepEqual(parse(body, 'multipart/form-data; boundary="edge"'), wanted);
});

test("a quoted file name may hold escapes and semicolons", () => {
  const head = 'content-disposition: form-data; name="f"; filename="a;\\"b\\".txt"';
  assert.deepEqual(parse(`--edge\r\n${head}\r\n\r\n\r\n--edge--`), [
    ["f", 'a;"b".txt', "application/octet-stream", ""],
  ]);
});

const broken: [string, string, string?][] = [
  ["without an end", `--edge\r\n${field}one`],
  ["without a closing boundary", `--edge\r\n${field}one\r\n--edge`],
  ["without a header's end", "--edge\r\ncontent-disposition: x\r\n--edge--"],
  ["of a part without a name", "--edge\r\ncontent-type: text/plain\r\n\r\none\r\n--edge--"],
  ["without a boundary in its type", `--edge\r\n${field}one\r\n--edge--`, "multipart/form-data"],
  ["that is empty", ""],
];
for (const [what, body, type] of broken) {
  test(`a form ${what} is none`, () => {
    assert.equal(parse(body, type), undefined);
  });
}
