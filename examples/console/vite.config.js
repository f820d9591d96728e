import { defineConfig } from 'vite';

const gateway = process.env.GATEWAY_URL ?? 'http://127.0.0.1:4000';
/** The console and the gateway are one origin, as they should be in production: no CORS, and a strict policy. */
const proxy = { '/graphql': { target: gateway, changeOrigin: true } };

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'";

/** In the built page only: while developing, Vite puts styles and its client into the page. */
const contentSecurityPolicy = {
  name: 'content-security-policy',
  apply: 'build',
  transformIndexHtml: () => [
    {
      tag: 'meta',
      attrs: { 'http-equiv': 'Content-Security-Policy', content: POLICY },
      injectTo: 'head-prepend',
    },
  ],
};

export default defineConfig({
  plugins: [contentSecurityPolicy],
  build: { target: 'es2022', modulePreload: { polyfill: false } },
  server: { port: Number(process.env.CONSOLE_PORT || 5173), proxy },
  preview: { port: 5173, proxy },
});
