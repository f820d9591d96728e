FROM node:24.11.1-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM packages AS build
# Of the development packages only those that compile. Those that are not named to `npm install` are taken as the lock file
# has them, with its integrity; those that are named would be asked from the registry.
RUN node -e "const { devDependencies, ...rest } = require('./package.json'); \
  const compilers = Object.entries(devDependencies).filter(([name]) => ['typescript', '@types/node'].includes(name)); \
  fs.writeFileSync('package.json', JSON.stringify({ ...rest, devDependencies: Object.fromEntries(compilers) }))" && \
  npm install --no-save --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY src ./src
# `--build-arg REVISION=$(git rev-parse HEAD)` adds the commit to the metrics.
ARG REVISION=unknown
RUN npm run build && echo "$REVISION" > dist/revision

# `--build-arg GRAPHIQL=true` adds GraphiQL to the image: 10 MB.
FROM node:24.11.1-slim AS graphiql
WORKDIR /app
COPY docs/queries ./docs/queries
COPY tools/packages.mjs ./tools/packages.mjs
COPY tools/graphiql ./tools/graphiql
ARG GRAPHIQL=false
RUN mkdir dist && if [ "$GRAPHIQL" = true ]; then node tools/graphiql/build.mjs; fi

FROM node:24.11.1-slim
WORKDIR /app
COPY --from=packages /app/package.json ./
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=graphiql /app/dist ./dist
COPY schema ./schema
COPY LICENSE ./
# The user "node" of the base image, which owns nothing in /app. A number, because runAsNonRoot of Kubernetes needs one.
USER 1000
ENV HOST=0.0.0.0 PORT=4000
EXPOSE 4000
# By `http`: `fetch` rejects some ports, and may use HTTP_PROXY.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["node", "-e", "http.get({ agent: false, host: '127.0.0.1', port: process.env.PORT || 4000, path: '/livez' }, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
# A larger young generation: docs/adr/0014-young-generation.md
CMD ["node", "--max-semi-space-size=64", "--min-semi-space-size=12", "--no-allocation-site-pretenuring", "dist/main.js"]
