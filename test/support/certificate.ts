import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import type { Certificate } from "../../src/sandbox/listener.ts";

/**
 * A self-signed certificate, made anew by openssl into `dir`. `names`: as in a subjectAltName, `DNS:localhost` or
 * `IP:127.0.0.1`. `caFile` holds what a client has to trust.
 */
export async function makeCertificate(
  dir: string,
  names: readonly string[],
): Promise<{ certificate: Certificate; caFile: string }> {
  const [keyFile, caFile] = [path.join(dir, "key.pem"), path.join(dir, "cert.pem")];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const subject = ["-subj", "/CN=stand-in", "-addext", `subjectAltName=${names.join(",")}`];
  const words = ["req", "-x509", ...curve, "-days", "2", ...subject, "-keyout", keyFile, "-out", caFile];
  await promisify(execFile)("openssl", words, { cwd: dir });
  return { certificate: { key: await readFile(keyFile, "utf8"), cert: await readFile(caFile, "utf8") }, caFile };
}
