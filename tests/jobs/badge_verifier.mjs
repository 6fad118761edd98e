// A verifier of badges that is not ours. Reads cases from its input, and says of each what it found.
// Nothing is fetched: a case holds what the site itself answered at each address.
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {cryptosuite} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import {checkStatus} from '@digitalbazaar/vc-bitstring-status-list';
import {defaultDocumentLoader, verifyCredential} from '@digitalbazaar/vc';

let input = '';
for await (const piece of process.stdin) {
  input += piece;
}
const {contexts, cases} = JSON.parse(input);

function loader(documents) {
  return async url => {
    const [address, fragment] = url.split('#');
    const found = contexts[url] ?? documents[address];
    if (found && fragment && url.startsWith('did:')) {
      const method = found.verificationMethod.find(one => one.id === url);
      if (!method) {
        throw new Error(`there is no key ${url}`);
      }
      return {contextUrl: null, documentUrl: url, document: {'@context': found['@context'][1], ...method}};
    }
    return found ? {contextUrl: null, documentUrl: url, document: found} : defaultDocumentLoader(url);
  };
}

const answers = {};
for (const {name, credential, documents, now} of cases) {
  const suite = new DataIntegrityProof({cryptosuite});
  const result = await verifyCredential(
    {credential, suite, documentLoader: loader(documents), checkStatus, now: new Date(now)});
  const errors = result.error?.errors ?? (result.error ? [result.error] : []);
  answers[name] = {
    verified: result.verified,
    status: result.statusResult?.results?.map(one => one.status) ?? null,
    error: errors.map(one => one.cause?.message ?? one.message).join('; '),
  };
}
console.log(JSON.stringify(answers));
