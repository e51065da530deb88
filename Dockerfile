# The image of mqtt-broker. Any engine builds it, for instance: docker build -t mqtt-broker .
ARG NODE_IMAGE=docker.io/library/node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
# No package of ours needs its scripts: what is compiled comes ready for each platform.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build
RUN npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="mqtt-broker" \
      org.opencontainers.image.description="An MQTT broker for versions 3.1, 3.1.1 and 5.0" \
      org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY package.json LICENSE README.md CHANGELOG.md ./
COPY bin ./bin
COPY config ./config
COPY contrib/image/zone.yaml /etc/mqtt-broker/zone.yaml
# Whoever it runs as (--user) may keep its data: the folder is open, what is made in it is not.
RUN ln -s /app/bin/mqtt-broker /usr/local/bin/mqtt-broker \
 && mkdir -p /var/lib/mqtt-broker \
 && chmod 1777 /var/lib/mqtt-broker
USER 10001:10001
VOLUME /var/lib/mqtt-broker
EXPOSE 1883 8083
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
  CMD ["node", "/app/bin/mqtt-broker", "healthcheck", "--config", "/etc/mqtt-broker/zone.yaml"]
ENTRYPOINT ["node", "/app/bin/mqtt-broker"]
CMD ["start", "--config", "/etc/mqtt-broker/zone.yaml"]
