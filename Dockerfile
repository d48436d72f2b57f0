# Two images: `server` runs one API server or one gateway, `door` is Caddy with the page. See compose.yaml.
# An example: not run where it was written. deploy/README.md says how to pin the images by digest.

FROM node:24.19.0-slim AS page
WORKDIR /cavalcade/page
COPY page/package.json page/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY page/ ./
COPY src/cavalcade/strings/ ../src/cavalcade/strings/
RUN npm run build

FROM python:3.13-slim AS wheel
WORKDIR /cavalcade
COPY . .
COPY --from=page /cavalcade/src/cavalcade/page src/cavalcade/page
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.13-slim AS server
WORKDIR /cavalcade
COPY requirements.lock .
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY --from=wheel /wheels /wheels
RUN pip install --no-cache-dir --no-deps /wheels/*.whl && useradd --system cavalcade
USER cavalcade
ENTRYPOINT ["cavalcade"]
CMD ["--help"]

FROM caddy:2.11.7 AS door
COPY deploy/Caddyfile /etc/caddy/Caddyfile
COPY --from=page /cavalcade/src/cavalcade/page /srv
ENV CAVALCADE_PAGE=/srv
