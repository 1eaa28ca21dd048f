FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PARLEY_HOST=0.0.0.0

WORKDIR /app
COPY requirements.txt ./
RUN pip install --no-cache-dir --require-hashes -r requirements.txt

COPY bot ./bot
COPY handlers ./handlers
COPY storage ./storage
COPY agents ./agents

# The database and the key of stored secrets live here: keep it.
RUN useradd --create-home --uid 10001 parley && install -d -o parley -g parley /app/var
USER parley
VOLUME /app/var

EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ.get('PORT', '8080')}/health\", timeout=4)"]

CMD ["python", "-m", "bot"]
