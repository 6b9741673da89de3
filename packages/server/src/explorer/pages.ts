// The HTML documents. Their script creates the content; they contain no foreign text.

const HEAD = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>protobff explorer</title>
<link rel="icon" href="/explorer.svg">
<link rel="stylesheet" href="/explorer.css">
`;

export const PAGE = `${HEAD}<meta name="word" content="WORD">
<script type="module" src="/explorer.js"></script>
</head>
<body><div id="page"><noscript>This page needs its script.</noscript></div></body>
</html>
`;

/** @param word of base64url */
export function pageWith(page: string, word: string): string {
  return page.replace("WORD", word);
}

/** @param wrong whether a token was shown that is not the one */
export function LOGIN_PAGE(wrong: boolean): string {
  return `${HEAD}</head>
<body class="login">
<main>
<h1>protobff explorer</h1>
<form method="post" action="/explorer/login">
<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus${wrong ? ' aria-invalid="true" aria-describedby="wrong"' : ""}>
<button class="send">Look</button>
${wrong ? '<p id="wrong" role="alert">This is not the token.</p>\n' : ""}<p>It is the value of <code>BFF_EXPLORER_TOKEN</code>.</p>
</form>
</main>
</body>
</html>
`;
}
