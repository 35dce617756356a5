# One image for every process of the service: `mdm web`, `mdm worker`, `mdm beat` (see compose.yml).
FROM python:3.11-slim AS environment
WORKDIR /app
COPY requirements.lock .
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes --requirement requirements.lock

FROM python:3.11-slim
RUN useradd --system --uid 10001 --create-home mdm && install --directory --owner mdm /data
COPY --from=environment /venv /venv
WORKDIR /app
COPY . .
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    MDM_DATA_DIR=/data \
    STATIC_ROOT=/app/static \
    HOST=0.0.0.0 \
    PORT=8000
# The manifest of static files belongs to the code: every container of an image serves the same names.
RUN SECRET_KEY=unused-while-building DATABASE_URL=sqlite:////tmp/unused python manage.py collectstatic --no-input --verbosity 0
USER mdm
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/live', timeout=2)"]
ENTRYPOINT ["python", "-m", "mdm"]
CMD ["web"]
