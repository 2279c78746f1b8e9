import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { readAppKey } from "../../src/broker/key-file.ts";

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pkcs8 = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
const pkcs1 = privateKey.export({ type: "pkcs1", format: "pem" }) as string;

const good: [title: string, text: string][] = [
  ["PKCS#8", pkcs8],
  ["PKCS#1", pkcs1],
  ["PKCS#1 with \\n spelled out", pkcs1.replaceAll("\n", "\\n")],
  ["PKCS#8 with \\r\\n spelled out", pkcs8.replaceAll("\n", "\\r\\n")],
  ["CRLF", pkcs1.replaceAll("\n", "\r\n")],
  ["a byte order mark", `\uFEFF${pkcs8}`],
  ["double quotes", `"${pkcs1}"`],
  ["single quotes", `'${pkcs8.trim()}'\n`],
  ["quotes and \\n spelled out", `"${pkcs8.replaceAll("\n", "\\n")}"`],
  ["one line with blanks", pkcs1.replaceAll("\n", " ")],
  ["one line without anything", pkcs8.replaceAll("\n", "")],
  ["blank lines", pkcs8.replaceAll("\n", "\n\n")],
  ["comment lines before", `# my key\nBag Attributes: <none>\n${pkcs8}`],
  ["base64 around it", Buffer.from(pkcs1).toString("base64")],
  [
    "base64 in lines",
    Buffer.from(pkcs8)
      .toString("base64")
      .replace(/(.{76})/g, "$1\n"),
  ],
  ["indented lines", pkcs8.replaceAll("\n", "\n    ")],
];
for (const [title, text] of good) {
  test(`loads: ${title}`, () => {
    const reading = readAppKey(text);
    assert.equal(reading.status, "ok", JSON.stringify(reading));
    if (reading.status === "ok") assert.ok(createPublicKey(reading.key.key).equals(publicKey));
  });
}

test("a key is named as GitHub names it, in whichever form it comes", () => {
  const names = [pkcs1, pkcs8].map((text) => {
    const reading = readAppKey(text);
    return reading.status === "ok" ? reading.key.id : "";
  });
  assert.match(names[0] ?? "", /^SHA256:[A-Za-z0-9+/]{43}=$/);
  assert.equal(names[0], names[1]);
});

const locked = privateKey.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" }) as string;
const lockedOld = privateKey.export({ type: "pkcs1", format: "pem", cipher: "aes-256-cbc", passphrase: "x" }) as string;
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const weak = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey;
const lines = pkcs8.trim().split("\n");
const bad: [title: string, text: string, reason: RegExp][] = [
  ["nothing", " \n", /is empty/],
  ["words", "here goes the key", /is no PEM/],
  ["a public key", publicKey.export({ type: "spki", format: "pem" }) as string, /is a public key/],
  ["a certificate", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", /is a certificate/],
  ["a public SSH key", "ssh-rsa AAAAB3Nza me@host", /public SSH key/],
  ["a private SSH key", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----", /SSH key/],
  ["a locked key", locked, /passphrase/],
  ["a locked key of old form", lockedOld, /passphrase/],
  ["an elliptic curve", ec.export({ type: "sec1", format: "pem" }) as string, /elliptic/],
  ["an elliptic curve as PKCS#8", ec.export({ type: "pkcs8", format: "pem" }) as string, /another kind \(ec\)/],
  ["a weak key", weak.export({ type: "pkcs1", format: "pem" }) as string, /1024 bits/],
  ["the first line alone", lines[0] ?? "", /cut off/],
  ["no last line", lines.slice(0, -1).join("\n"), /cut off/],
  ["a piece missing", [...lines.slice(0, 4), ...lines.slice(9)].join("\n"), /damaged/],
];
for (const [title, text, reason] of bad) {
  test(`says in plain words what is wrong: ${title}`, () => {
    const reading = readAppKey(text);
    assert.match(reading.status === "bad" ? reading.reason : "", reason);
  });
}

test("a reason holds nothing of the file", () => {
  for (const [, text] of bad) {
    const reading = readAppKey(text);
    const reason = reading.status === "bad" ? reading.reason : "";
    for (const piece of text.match(/[A-Za-z0-9+/]{24,}/g) ?? []) assert.ok(!reason.includes(piece));
  }
});
