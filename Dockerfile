# test/long/image.test.ts follows these steps without Docker: it knows FROM, ARG, WORKDIR, COPY, RUN, ENV, USER, EXPOSE,
# HEALTHCHECK and CMD in the forms used here.
FROM node:24.11.1-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY src ./src
RUN npm run build
# `--build-arg GRAPHIQL=true` adds GraphiQL to the image: 10 MB.
ARG GRAPHIQL=false
COPY docs/queries ./docs/queries
COPY tools/is-installed.mjs ./tools/is-installed.mjs
COPY tools/graphiql ./tools/graphiql
RUN if [ "$GRAPHIQL" = true ]; then npm run build:graphiql; fi
RUN npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24.11.1-slim
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY schema ./schema
COPY LICENSE ./
# By number, so that Kubernetes' runAsNonRoot can tell. It is the image's own user "node", who owns nothing in /app.
USER 1000
ENV HOST=0.0.0.0 PORT=4000
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/livez`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Room for what dies young: docs/adr/0014-young-generation.md
CMD ["node", "--max-semi-space-size=64", "dist/main.js"]
